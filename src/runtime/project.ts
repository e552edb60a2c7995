import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { DefinitionError } from "../core/contract.js";
import { isModule, type Module } from "../core/module.js";
import type { CreateTransport } from "../core/transport.js";
import { ConfigurationError } from "./settings.js";

/** The folder with the `package.json` that `start` lies in. */
export function projectRoot(start: string): string {
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (folder === dirname(folder))
      throw new ConfigurationError(`${start}: not inside a project; run pangaea where package.json is.`);
  }
}

/** Where a project's compiled modules are: `pangaea.modules` of its package.json, by default `dist/modules`. */
export async function modulesFolder(root: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { pangaea?: { modules?: string } };
  return resolve(root, manifest.pangaea?.modules ?? "dist/modules");
}

/** Loads every module found on disk: `<folder>/<name>/module.js`, whose default export is a `defineModule`. */
export async function loadModules(folder: string): Promise<ReadonlyMap<string, Module>> {
  if (!existsSync(folder)) throw new ConfigurationError(`${folder}: no modules there; build the project first.`);
  const modules = new Map<string, Module>();
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => a.name.localeCompare(b.name))) {
    // Under a test runner the sources themselves are loaded.
    const path = [".js", ".ts"].map((ending) => join(folder, entry.name, `module${ending}`)).find(existsSync);
    if (!entry.isDirectory() || path === undefined) continue;
    let loaded: { default?: unknown };
    try {
      loaded = (await import(pathToFileURL(path).href)) as { default?: unknown };
    } catch (error) {
      if (error instanceof DefinitionError) throw new ConfigurationError(`${path}: ${error.message}`);
      throw error;
    }
    if (!isModule(loaded.default))
      throw new ConfigurationError(`${path}: its default export must be defineModule({…}).`);
    if (loaded.default.name !== entry.name) {
      throw new ConfigurationError(
        `${path}: its contract is called ${loaded.default.name}; folder and contract must have one name.`,
      );
    }
    modules.set(entry.name, loaded.default);
  }
  return modules;
}

const transportsFolder = fileURLToPath(new URL("../../transports/", import.meta.url));

/** The transports that come with the package. */
export async function transportNames(): Promise<string[]> {
  const entries = await readdir(transportsFolder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** Loads one transport, and with it its client library, only when a process uses it. */
export async function loadTransport(name: string): Promise<CreateTransport> {
  const path = [".js", ".ts"].map((ending) => join(transportsFolder, name, `transport${ending}`)).find(existsSync);
  if (path === undefined) throw new ConfigurationError(`There is no transport "${name}".`);
  const loaded = (await import(pathToFileURL(path).href)) as { createTransport: CreateTransport };
  return loaded.createTransport;
}
