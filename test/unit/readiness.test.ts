import { afterEach, it, vi, expect } from "vitest";
import { parseTopology } from "../../src/runtime/load-topology.js";
import { type TestSystem, testSystem } from "../../src/testing/test-system.js";
import { frontModule, probeModule } from "../semantics/probe.js";

let system: TestSystem | undefined;
afterEach(() => system?.stop());

// `front` comes first and is reached over HTTP; only `probe` needs the broker.
const topology = parseTopology(
  "x.yaml",
  "name: test\nprocesses:\n  one: { gateway: {} }\n  two: { modules: [front, probe] }\nroutes: { probe: redis }\n",
);
const nobodyListens = "redis://127.0.0.1:1";

/** A process that has just been started may need more than one question to connect. */
const waitsFor = (expected: readonly object[]) =>
  vi.waitFor(
    async () => {
      const { waitingFor } = await system!.processes.get("one")!.readiness();
      expect(waitingFor).toEqual(expected);
    },
    { timeout: 30_000 },
  );

it("names a process whose services cannot all be called, though the others of it answer", async () => {
  system = await testSystem({ topology, modules: [frontModule, probeModule], env: { REDIS_URL: nobodyListens } });
  await waitsFor([{ name: "process two", reason: "Redis is not reachable." }]);
}, 60_000);

it("says once what a process that is reached over two transports waits for", async () => {
  system = await testSystem({ topology, modules: [frontModule, probeModule] });
  await waitsFor([]);
  await system.processes.get("two")!.stopModule("probe");
  await waitsFor([{ name: "probe", reason: "the module is not running" }]);
}, 60_000);
