import type { Stack } from "../core/call.js";
import { systemClock } from "../core/clock.js";
import type { Fallback } from "../core/fallback.js";
import { Deadlines } from "../core/deadline.js";
import { systemIds } from "../core/ids.js";
import { silentLogger } from "../core/logger.js";
import { silentMeters } from "../core/meter.js";
import { eventMethod, type Module } from "../core/module.js";
import { processOf } from "../core/topology.js";
import { SpanRing } from "../observability/span-ring.js";
import { createStacks, type Stacks } from "../runtime/stacks.js";
import { type CallEdge, callEdge, callEdges, eventEdges, gatewayCaller } from "./edges.js";
import { loadSystem, type System } from "./load-system.js";
import { insteadOf } from "./nearest.js";
import { jsonText, table } from "./table.js";
import { UsageError } from "./usage-error.js";

export interface StackOptions {
  readonly topology: string;
  /** A module, or `gateway`; by default everybody who calls. */
  readonly from?: string;
  readonly json?: boolean;
}

interface Row {
  readonly place: string;
  readonly layer: string;
  readonly settings?: string;
  readonly why: string;
}

/** One way that a call takes: every layer in the order in which it is passed. */
interface Way {
  readonly title: string;
  readonly layers: readonly Row[];
}

/** Prints the layers that calls and events pass on their way into a service, as the runtime builds them. */
export async function showStack(service: string, options: StackOptions): Promise<number> {
  const system = await loadSystem(options.topology);
  const module = system.modules.get(service);
  if (module === undefined) {
    const names = [...system.modules.keys()];
    throw new UsageError(`${options.topology} has no service "${service}". ${insteadOf(service, names)}`);
  }
  const clock = systemClock;
  const stacks = createStacks({
    clock,
    ids: systemIds,
    logger: silentLogger,
    deadlines: new Deadlines(clock),
    resilience: system.topology.resilience,
    // Every process that runs is observed.
    meters: silentMeters,
    tracer: new SpanRing({ process: "stack", clock, ids: systemIds, size: 1 }),
  });
  const ways = [
    ...edgesTo(module, system, options.from).flatMap((edges) => callWays(module, edges, stacks, system)),
    ...(options.from === undefined ? eventWays(module, system, stacks) : []),
  ];
  process.stdout.write(options.json === true ? jsonText(ways) : `${ways.map(asText).join("\n\n")}\n`);
  return 0;
}

/** The edges that lead to a service, those of one transport together. */
function edgesTo({ name }: Module, system: System, from: string | undefined): CallEdge[][] {
  if (from !== undefined) return [[edgeFrom(from, name, system)]];
  const known = callEdges(system).filter((edge) => edge.to === name);
  // What nobody calls can still be called by its operator, through the gateway's process.
  const edges = known.length > 0 ? known : [edgeFrom(gatewayCaller, name, system)];
  // A caller with something else to go on with has a layer of its own.
  const own = ({ from }: CallEdge) => (fallbacksFor(name, from, system).length > 0 ? from : "");
  return [...Map.groupBy(edges, (edge) => `${edge.transport} ${own(edge)}`).values()];
}

const fallbacksFor = (service: string, from: string, { modules }: System): readonly Fallback[] =>
  (modules.get(from)?.fallbacks ?? []).filter((fallback) => fallback.service === service);

function edgeFrom(from: string, to: string, { topology, modules }: System): CallEdge {
  const fromProcess =
    from === gatewayCaller
      ? topology.processes.find((process) => process.gateway !== undefined)
      : processOf(topology, from);
  if (fromProcess !== undefined) return callEdge(topology, from, fromProcess, to);
  throw new UsageError(`--from: no module "${from}". ${insteadOf(from, [gatewayCaller, ...modules.keys()])}`);
}

function callWays(module: Module, edges: readonly CallEdge[], stacks: Stacks, system: System): Way[] {
  const { contract } = module;
  const [{ from, transport, toProcess }] = edges as [CallEdge];
  const fallbacks = fallbacksFor(contract.name, from, system);
  const fallbackOf = (method: string) => fallbacks.find((each) => each.method === method);
  const remote = transport !== "in-process";
  const callers = [...new Set(edges.map(({ from }) => from))].join(", ");
  const homes = [...new Set(edges.map(({ fromProcess }) => fromProcess))].join(", ");
  const edge = {
    place: "edge",
    layer: transport,
    why: remote ? `From process ${homes} to process ${toProcess}.` : `Inside process ${toProcess}: nothing is encoded.`,
  };
  const ways = Object.keys(contract.procedures).map((method) => ({
    method,
    layers: [
      ...rowsOf("client", stacks.client(contract, method, remote, fallbackOf(method))),
      ...(remote ? rowsOf("endpoint", stacks.endpoint(contract.name, transport).stack) : []),
      edge,
      ...rowsOf("server", stacks.server(contract, method, remote)),
      serviceRow(module),
    ],
  }));
  // Procedures need not have the same layers; those that do are shown once.
  return [...Map.groupBy(ways, ({ layers }) => JSON.stringify(layers)).values()].map((same) => {
    const names = same.map(({ method }) => `${contract.name}.${method}`).join(", ");
    const what = same.length === ways.length ? `every procedure of ${contract.name}` : names;
    return { title: `${callers} -> ${what}, over ${transport}`, layers: same[0]!.layers };
  });
}

function eventWays(module: Module, system: System, stacks: Stacks): Way[] {
  const edges = new Map(eventEdges(system).map((edge) => [`${edge.event} ${edge.to}`, edge]));
  return module.on.map((subscription) => {
    const { event, transport, fromProcess, toProcess, delivery } = edges.get(
      `${eventMethod(subscription.event)} ${module.name}`,
    )!;
    const remote = transport !== "in-process";
    const why = remote ? `From process ${fromProcess} to process ${toProcess}.` : `Inside process ${toProcess}.`;
    return {
      title: `event ${event} -> ${module.name}, ${delivery}, over ${transport}`,
      layers: [
        { place: "edge", layer: transport, why },
        ...rowsOf("server", stacks.event(module.contract, subscription, remote)),
        { place: "service", layer: subscription.target.name, why: "" },
      ],
    };
  });
}

const rowsOf = (place: string, stack: Stack): Row[] =>
  stack.map(({ role, settings, why }) => ({
    place,
    layer: role,
    ...(settings === undefined ? {} : { settings }),
    why,
  }));
const serviceRow = ({ service }: Module) => ({ place: "service", layer: service.name, why: "" });

const asText = ({ title, layers }: Way): string =>
  `${title}\n\n${table(
    ["place", "layer", "settings", "why it stands there"],
    layers.map(({ place, layer, settings = "", why }) => [place, layer, settings, why]),
  )}`;
