import { injectable } from "inversify";
import { defineContract, defineModule, type Instance, mutation, silentLogger, systemClock, systemIds } from "pangaea";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { parseTopology } from "../../src/runtime/load-topology.js";
import { ProcessRuntime } from "../../src/runtime/process-runtime.js";
import { loadTransport } from "../../src/runtime/project.js";
import { readSettings } from "../../src/runtime/settings.js";
import { memoryRegistries } from "../../src/testing/memory-registry.js";

const bell = defineContract("bell", 1, {
  procedures: { ring: mutation({ input: z.object({}), output: z.object({ host: z.string() }) }) },
});

let running: ProcessRuntime[] = [];
let rung: string[] = [];
afterEach(async () => {
  await Promise.all(running.map((runtime) => runtime.stop()));
  [running, rung] = [[], []];
});

/** A bell that says on which host it hangs. */
function bellOf(host: string) {
  @injectable()
  class BellService {
    ring() {
      rung.push(host);
      return Promise.resolve({ host });
    }
  }
  return defineModule({ contract: bell, service: BellService });
}

const topologyOf = (transport: string, registry: string) =>
  parseTopology(
    "bell.yaml",
    `name: bell\nprocesses:\n  edge: { gateway: {} }\n  tower: { modules: [bell] }\nroutes: { default: ${transport} }\nregistry: { kind: ${registry} }\n`,
  );

/** Hosts that know each other by one registry and start what they are told, without a supervisor. */
function hosts(transport: string, registry = "redis") {
  const topology = topologyOf(transport, registry);
  const registryOf = memoryRegistries();
  const namespace = `test-${systemIds.hex(4)}`;
  const known = (): readonly Instance[] => {
    let seen: readonly Instance[] = [];
    registryOf().watch((instances) => (seen = instances))();
    return seen;
  };
  const start = async (process: string, host: string, env: Record<string, string> = {}) => {
    const runtime = await ProcessRuntime.start({
      topology,
      process: topology.processes.find(({ name }) => name === process)!,
      modules: new Map([["bell", bellOf(host)]]),
      settings: readSettings({
        PORT: "0",
        REDIS_URL: globalThis.process.env.REDIS_URL,
        PANGAEA_NAMESPACE: namespace,
        ...env,
      }),
      registry: registryOf(),
      parts: { clock: systemClock, ids: systemIds, logger: silentLogger },
      loadTransport,
      loadGateway: async () => (await import("../../src/gateway/gateway.js")).createGateway,
    });
    running.push(runtime);
    return runtime;
  };
  return { start, known };
}

describe("a process that several hosts start", () => {
  it.each(["redis", "http"])("is an instance of its own on each, called by itself over %s", async (transport) => {
    const { start, known } = hosts(transport);
    await start("tower", "b");
    await start("tower", "c");
    const edge = await start("edge", "a");
    const towers = known().filter(({ process }) => process === "tower");
    expect(new Set(towers.map(({ id }) => id)).size).toBe(2);
    expect(new Set(towers.map(({ addresses }) => addresses[transport])).size).toBe(2);
    const client = edge.client(bell);
    const ring = async () => (await client.ring({}, edge.context(10_000))).host;
    const answers = await Promise.all(Array.from({ length: 30 }, ring));
    expect(new Set(answers)).toEqual(new Set(["b", "c"]));
    // One that is not alone at its address would ring twice.
    expect(rung.toSorted()).toEqual(answers.toSorted());
  });

  it("keeps its agreed name where no registry tells of others", async () => {
    const { start } = hosts("redis", "static");
    expect((await start("tower", "b")).addresses).toEqual({ redis: "tower" });
  });

  it("listens for other machines where it is said how they call it, else on loopback only", async () => {
    const { start, known } = hosts("http");
    const open = await start("tower", "b", { PANGAEA_ADVERTISE: "127.0.0.1" });
    expect(open.addresses.http).toMatch(/^http:\/\/0\.0\.0\.0:\d+$/);
    const [tower] = known();
    expect(tower!.addresses.http).toBe(open.addresses.http!.replace("0.0.0.0", "127.0.0.1"));
    expect((await start("tower", "c")).addresses.http).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });
});
