import { type FailpointName, failpointNames } from "../../src/core/failpoints.js";
import type { Topology } from "../../src/core/topology.js";
import type { Random } from "../chaos/random.js";
import { fairWeather, type Weather } from "./network.js";

/** A process is killed when it reaches a step for the `count`th time, whichever process that is. */
interface ArmedFailpoint {
  readonly name: FailpointName;
  count: number;
}

/** Something that happens to a process or a file at a moment. Times are virtual milliseconds. */
type Event =
  | { readonly kind: "kill"; readonly at: number; readonly process: string }
  /** Held past its lease or not; `replaced`: somebody starts it again meanwhile, as if it were dead. */
  | {
      readonly kind: "hold";
      readonly at: number;
      readonly process: string;
      readonly ms: number;
      readonly replaced: boolean;
    }
  | { readonly kind: "lock"; readonly at: number; readonly module: string; readonly ms: number }
  | { readonly kind: "full disk"; readonly at: number; readonly ms: number };

/** What goes wrong in one run. */
export interface Plan {
  /** From then on nothing goes wrong any more. */
  readonly endMs: number;
  readonly weather: Weather;
  readonly failpoints: ArmedFailpoint[];
  readonly events: readonly Event[];
}

// The gateway is not part of the simulation: its failpoints belong to the runs with real processes.
const armable = failpointNames.filter((name) => !name.startsWith("gateway."));

/** Chooses what goes wrong. Each kind of trouble is left out of many runs, so that none hides another. */
export function planOf(random: Random, { processes }: Topology): Plan {
  const endMs = 2_000 + random.below(8_000);
  const times = <T>(most: number, make: () => T): T[] =>
    Array.from({ length: Math.max(0, random.below(most + 2) - 1) }, make);
  const at = () => random.below(endMs);
  const process = () => random.pick(processes).name;
  const holders = processes.flatMap(({ modules }) => modules);
  const chance = (most: number) => (random.below(2) === 0 ? 0 : random.below(most));
  return {
    endMs,
    weather: random.below(3) === 0 ? fairWeather : { lost: chance(60), doubled: chance(200), late: chance(150) },
    failpoints: times(3, () => ({ name: random.pick(armable), count: 1 + random.below(8) })),
    events: [
      ...times(2, () => ({ kind: "kill" as const, at: at(), process: process() })),
      ...times(2, () => {
        const replaced = random.below(2) === 0;
        // A successor waits until the lease has run out.
        const ms = replaced ? 4_500 + random.below(4_500) : random.below(9_000);
        const begin = replaced ? random.below(Math.max(1, endMs - 5_000)) : at();
        return { kind: "hold" as const, at: begin, process: process(), ms, replaced };
      }),
      ...times(1, () => ({ kind: "lock" as const, at: at(), module: random.pick(holders), ms: random.below(3_000) })),
      ...times(1, () => ({ kind: "full disk" as const, at: at(), ms: random.below(1_500) })),
    ],
  };
}
