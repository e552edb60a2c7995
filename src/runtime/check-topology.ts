import type { Module } from "../core/module.js";
import { processOf, routeOf, type Topology } from "../core/topology.js";
import { checkDatabases } from "./check-databases.js";
import { checkRegistry } from "./check-registry.js";
import { checkReplicas } from "./check-replicas.js";
import { checkResilience } from "./check-resilience.js";
import { ConfigurationError } from "./settings.js";

/** Every transport must be one that can be loaded. */
export interface Known {
  readonly modules: ReadonlyMap<string, Module>;
  readonly transports: readonly string[];
}

/**
 * Everything that is wrong with a topology for these modules, each line naming file, key and mend. Empty where it can
 * start. What is merely absent at this moment (a broker, a peer) is not looked at.
 */
export function findTopologyFaults(topology: Topology, known: Known): string[] {
  const faults: string[] = [];
  const fault = (key: string, message: string) => faults.push(`${topology.file}: ${key}: ${message}`);
  const moduleNames = [...known.modules.keys()].toSorted();

  const seen = new Map<string, string>();
  for (const process of topology.processes) {
    for (const module of process.modules) {
      const key = `processes.${process.name}.modules`;
      if (!known.modules.has(module)) fault(key, `there is no module "${module}"; there are ${moduleNames.join(", ")}`);
      const first = seen.get(module);
      if (first !== undefined)
        fault(key, `${module} is placed twice, also in ${first}; a module's data has one owner, so keep one`);
      seen.set(module, process.name);
    }
  }
  if (topology.processes.length === 0) fault("processes", "name at least one process");
  if (!topology.processes.some((process) => process.gateway !== undefined)) {
    fault("processes", "no process has a gateway; add `gateway: {}` to one");
  }

  for (const [service, transport] of [["default", topology.defaultRoute] as const, ...topology.routes]) {
    if (service !== "default" && !seen.has(service))
      fault(`routes.${service}`, "no process has this module; place it or remove the route");
    if (transport === "in-process" && topology.processes.length > 1) {
      fault(`routes.${service}`, "in-process cannot cross processes; use http or redis");
    } else if (!known.transports.includes(transport)) {
      fault(`routes.${service}`, `there is no transport "${transport}"; there are ${known.transports.join(", ")}`);
    }
  }
  for (const transport of Object.keys(topology.transports)) {
    if (known.transports.includes(transport)) continue;
    fault(`transports.${transport}`, `there is no transport "${transport}"; there are ${known.transports.join(", ")}`);
  }
  checkPlaces(topology, moduleNames, fault);
  checkListeners(topology, known, fault);
  checkDatabases(topology, known.modules, fault);
  checkReplicas(topology, known.modules, fault);
  checkModules(topology, known, fault);
  checkResilience(topology, seen, fault);
  checkRegistry(topology, fault);
  return faults;
}

export type Fault = (key: string, message: string) => void;

/** A module that nobody placed would be missing without a word, and so would what it does with the others' events. */
function checkPlaces(topology: Topology, modules: readonly string[], fault: Fault): void {
  for (const module of modules) {
    if (processOf(topology, module) !== undefined || topology.without.includes(module)) continue;
    fault("processes", `no process has the module ${module}; place it, or leave it out by name: without: [${module}]`);
  }
  for (const module of topology.without) {
    const at = processOf(topology, module);
    if (!modules.includes(module)) fault("without", `there is no module "${module}"; there are ${modules.join(", ")}`);
    if (at !== undefined) fault("without", `${module} is placed in ${at.name}; keep one of the two`);
  }
}

function checkListeners(topology: Topology, known: Known, fault: Fault): void {
  for (const process of topology.processes) {
    const named = Object.keys(process.listen);
    for (const transport of named) {
      if (!known.transports.includes(transport) || transport === "in-process") {
        fault(`processes.${process.name}.listen`, `"${transport}" cannot be listened on; there are http, redis`);
      }
    }
    if (named.length === 0 || topology.processes.length === 1) continue;
    for (const module of process.modules) {
      const route = routeOf(topology, module);
      if (!named.includes(route)) {
        fault(
          `processes.${process.name}.listen`,
          `calls to ${module} come over ${route}, which is not listened on; add it or change routes.${module}`,
        );
      }
    }
  }
}

function checkModules(topology: Topology, known: Known, fault: Fault): void {
  for (const process of topology.processes) {
    for (const name of process.modules) {
      const module = known.modules.get(name);
      if (module === undefined) continue;
      for (const required of module.requires) {
        if (processOf(topology, required.name) === undefined) {
          fault(
            `processes.${process.name}.modules`,
            `${name} requires ${required.name}, which no process has; place it`,
          );
          continue;
        }
        const provided = known.modules.get(required.name)?.contract;
        if (provided === undefined) continue;
        if (required.version > provided.version || required.version < provided.accepts) {
          fault(
            `processes.${process.name}.modules`,
            `${name} requires ${required.name} version ${required.version}, but version ${provided.version} is there`,
          );
        }
      }
      for (const { event } of module.on) {
        const key = `processes.${process.name}.modules`;
        const producer = known.modules.get(event.service);
        if (producer === undefined || processOf(topology, event.service) === undefined) {
          fault(key, `${name} wants ${event.service}.${event.name}, but no process has ${event.service}; place it`);
        } else if (event.delivery === "at-least-once") {
          for (const side of [producer, module]) {
            if (side.migrations !== undefined) continue;
            fault(
              key,
              `${event.service}.${event.name} is at-least-once, which needs a database on both sides; ${side.name} has none: add migrations, or make the event best-effort`,
            );
          }
        }
      }
    }
  }
}

/** Refuses a topology with faults, all of them at once. */
export function checkTopology(topology: Topology, known: Known): void {
  const faults = findTopologyFaults(topology, known);
  if (faults.length > 0) throw new ConfigurationError(faults.join("\n"));
}
