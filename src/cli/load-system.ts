import { resolve } from "node:path";
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
  const topology = await loadTopology(topologyFile);
  const all = await loadProjectModules(resolve(topologyFile, ".."));
  checkTopology(topology, { modules: all, transports: await transportNames() });
  const placed = new Set(topology.processes.flatMap((process) => process.modules));
  return { topology, modules: new Map([...all].filter(([name]) => placed.has(name))) };
}

/** Every module of the project that `folder` lies in, placed or not; by default of the current folder. */
export const loadProjectModules = async (folder = "."): Promise<ReadonlyMap<string, Module>> =>
  loadModules(await modulesFolder(projectRoot(folder)));
