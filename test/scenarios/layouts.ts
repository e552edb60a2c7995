import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Module } from "../../src/core/module.js";
import { loadTopology } from "../../src/runtime/load-topology.js";
import { loadModules, projectRoot } from "../../src/runtime/project.js";
import { launch } from "../../src/testing/launch.js";
import { serializedEdge } from "../../src/testing/serialized-edge.js";
import { testSystem } from "../../src/testing/test-system.js";
import { newDatabase, postgresMissing } from "../setup/test-postgres.js";

/** The project's folder. */
export const projectFolder = projectRoot(fileURLToPath(new URL(".", import.meta.url)));

/** The shop's modules: the sources under a test runner, else what they were built to. */
export const shopModules = async (): Promise<Module[]> => [
  ...(await loadModules(fileURLToPath(new URL("../../modules", import.meta.url)))).values(),
];

/** A shop that is up. */
export interface Running {
  readonly url: string;
  /** Rejects where it does not end by itself or has logged an error. */
  stop(): Promise<void>;
}

/** One way to run the whole shop. */
export interface Layout {
  readonly name: string;
  start(): Promise<Running>;
}

const errorLine = /^.*\d\.\d{3} (?:error|fatal) .*$/gm;

/** The layout of a topology file, as operating system processes. The project must have been built. */
export const launched = (file: string, moreEnv: () => Promise<Record<string, string>> = async () => ({})): Layout => ({
  name: file,
  async start() {
    const system = await launch({
      topology: file,
      cwd: projectFolder,
      readyWithinMs: 300_000,
      // Some twenty processes compile the same code.
      env: { NODE_COMPILE_CACHE: join(projectFolder, "node_modules/.cache/compiled"), ...(await moreEnv()) },
    });
    return {
      url: system.url,
      async stop() {
        const exitCode = await system.stop();
        assert.equal(exitCode, 0, `${file} ended with exit code ${exitCode}\n${system.output()}`);
        // What a story's client never saw, a person on call would have: nothing here is an operator's business.
        assert.deepEqual(system.output().match(errorLine) ?? [], [], `${file} logged errors`);
      },
    };
  },
});

/**
 * The monolith with every call turned into text and back, and every call that changes nothing or may be repeated made
 * twice: what only works by luck in memory breaks here.
 */
const serialized: Layout = {
  name: "config/monolith.yaml, serialized, with a repeated attempt",
  async start() {
    const topology = await loadTopology(join(projectFolder, "config/monolith.yaml"));
    return testSystem({ topology, modules: await shopModules(), wrapEdge: serializedEdge });
  },
};

/** The shop with its data on PostgreSQL, in a database of its own. */
const onPostgres = (file: string): Layout =>
  launched(`test/scenarios/topologies/${file}`, async () => ({ DATABASE_URL: await newDatabase() }));

/** Every topology file found in `config/`, the serialized monolith, and PostgreSQL where that is here. */
export async function allLayouts(): Promise<Layout[]> {
  const files = (await readdir(join(projectFolder, "config"))).filter((file) => /\.ya?ml$/.test(file)).toSorted();
  const withServer = postgresMissing === undefined ? ["monolith-postgres.yaml", "split-postgres.yaml"] : [];
  return [...files.map((file) => launched(`config/${file}`)), serialized, ...withServer.map(onPostgres)];
}
