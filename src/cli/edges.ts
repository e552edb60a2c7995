import type { Delivery } from "../core/contract.js";
import { eventMethod } from "../core/module.js";
import { type ProcessSpec, processOf, routeOf, type Topology } from "../core/topology.js";
import type { System } from "./load-system.js";

/** Who may call a service, from where to where, and over what. */
export interface CallEdge {
  /** A module, or `gateway`. */
  readonly from: string;
  readonly fromProcess: string;
  readonly to: string;
  readonly toProcess: string;
  readonly transport: string;
}

/** The way of an event from its producer to one subscriber. */
export interface EventEdge {
  /** `<producer>.<event>` */
  readonly event: string;
  readonly fromProcess: string;
  readonly to: string;
  readonly toProcess: string;
  readonly delivery: Delivery;
  readonly transport: string;
}

/** The caller's name of the entry from outside. */
export const gatewayCaller = "gateway";

/** The edge from one process to a service, which some process of the topology has. */
export function callEdge(topology: Topology, from: string, fromProcess: ProcessSpec, to: string): CallEdge {
  const toProcess = processOf(topology, to)!;
  const transport = toProcess === fromProcess ? "in-process" : routeOf(topology, to);
  return { from, fromProcess: fromProcess.name, to, toProcess: toProcess.name, transport };
}

/** Every call edge of a system: from each gateway to what has routes, and from each module to what it requires. */
export function callEdges({ topology, modules }: System): CallEdge[] {
  const withRoutes = [...modules.values()].filter(({ contract }) =>
    Object.values(contract.procedures).some((procedure) => procedure.http !== undefined),
  );
  return topology.processes.flatMap((process) => [
    ...(process.gateway === undefined
      ? []
      : withRoutes.map((module) => callEdge(topology, gatewayCaller, process, module.name))),
    ...process.modules.flatMap((name) =>
      modules.get(name)!.requires.map((required) => callEdge(topology, name, process, required.name)),
    ),
  ]);
}

/** Every event edge of a system. */
export function eventEdges({ topology, modules }: System): EventEdge[] {
  return [...modules.values()].flatMap((subscriber) =>
    subscriber.on.map(({ event }) => {
      const [producing, subscribing] = [event.service, subscriber.name].map((name) => processOf(topology, name)!);
      // A confirmed event is a call to the subscriber; an unconfirmed one is listened to at the producer.
      const asked = event.delivery === "at-least-once" ? subscriber.name : event.service;
      return {
        event: eventMethod(event),
        fromProcess: producing!.name,
        to: subscriber.name,
        toProcess: subscribing!.name,
        delivery: event.delivery,
        transport: producing === subscribing ? "in-process" : routeOf(topology, asked),
      };
    }),
  );
}
