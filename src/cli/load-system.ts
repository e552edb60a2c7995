import { isAbsolute, resolve } from "node:path";
import type { Module } from "../core/module.js";
import type { Topology } from "../core/topology.js";
import { checkTopology } from "../runtime/check-topology.js";
import { loadTopology } from "../runtime/load-topology.js";
import { loadModules, modulesFolder, projectRoot, transportNames } from "../runtime/project.js";

/** A topology with the modules it places, checked against each other. */
export interface System {
  readonly topology: Topology;
  readonly modules: ReadonlyMap<string, Module>;
}

/** Reads a topology file (relative to the current folder) and the modules of the project it lies in. */
export async function loadSystem(topologyFile: string): Promise<System> {
  const topology = await loadTopology(isAbsolute(topologyFile) ? topologyFile : resolve(topologyFile));
  return {
    topology: { ...topology, file: topologyFile },
    modules: await placedModules({ ...topology, file: topologyFile }),
  };
}

async function placedModules(topology: Topology): Promise<ReadonlyMap<string, Module>> {
  const all = await loadModules(await modulesFolder(projectRoot(resolve(topology.file, ".."))));
  checkTopology(topology, { modules: all, transports: await transportNames() });
  const placed = new Set(topology.processes.flatMap((process) => process.modules));
  return new Map([...all].filter(([name]) => placed.has(name)));
}
