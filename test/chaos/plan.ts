import { join } from "node:path";
import { routeOf, type Topology } from "../../src/core/topology.js";
import { loadTopology } from "../../src/runtime/load-topology.js";
import { projectFolder } from "../scenarios/layouts.js";
import { type Fault, faults } from "./faults.js";
import { smallDiskRefusal } from "./small-disk.js";

/** The layouts to hurt, by the names of their files. */
export const layoutNames = ["monolith", "split", "split-redis", "mixed"] as const;

/** Reads the topology of a layout. */
export const topologyOf = (layout: string): Promise<Topology> =>
  loadTopology(join(projectFolder, `config/${layout}.yaml`));

/** Whether some call of a layout goes over Redis. */
export const usesRedis = (topology: Topology): boolean =>
  topology.processes.some(({ modules }) => modules.some((module) => routeOf(topology, module) === "redis")) &&
  topology.processes.length > 1;

/** The faults that can happen in a layout. */
export const faultsOf = (topology: Topology): Fault[] =>
  faults.filter(
    ({ needsRedis, needsInnerProcess }) =>
      (needsRedis !== true || usesRedis(topology)) &&
      (needsInnerProcess !== true || topology.processes.some(({ gateway }) => gateway === undefined)),
  );

/** Why a fault cannot happen on this machine; undefined where it can. */
export const refusalOf = ({ diskBytes }: Fault): string | undefined =>
  diskBytes === undefined ? undefined : smallDiskRefusal();

/** What runs with every `npm test`: each way to lose something, in the layout where it is most likely to be lost. */
export const shortPlan: readonly { readonly layout: (typeof layoutNames)[number]; readonly fault: string }[] = [
  { layout: "monolith", fault: "commit.after" },
  { layout: "monolith", fault: "saga.after-undo" },
  { layout: "mixed", fault: "relay.confirmed-before-cursor" },
  { layout: "mixed", fault: "Redis killed" },
];

/** The short plan's seed: the same choices in every run. */
export const shortSeed = "pangaea";
