import { afterEach, it, vi, expect } from "vitest";
import { parseTopology } from "../../src/runtime/load-topology.js";
import type { StatusReport } from "../../src/runtime/process-report.js";
import { startPostgresServer } from "../../src/testing/postgres-server.js";
import { type TestSystem, testSystem } from "../../src/testing/test-system.js";
import { postgresMissing } from "../setup/test-postgres.js";
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

const noPostgres = postgresMissing === undefined ? "" : ` (${postgresMissing})`;

it.skipIf(noPostgres !== "")(
  `notices a database that is lost after the start, says so in readiness and status, and notices that it is back${noPostgres}`,
  async () => {
    const server = await startPostgresServer();
    try {
      const onPostgres = parseTopology(
        "x.yaml",
        "name: test\nprocesses:\n  one: { gateway: {}, modules: [front, probe] }\ndatabase: { default: sqlite, front: postgres }\n",
      );
      const modules = [frontModule, probeModule];
      system = await testSystem({ topology: onPostgres, modules, env: { DATABASE_URL: server.url }, observed: true });
      const { admin } = system.processes.get("one")!.addresses;
      const statusOf = async () => {
        const { processes } = (await (await fetch(`${admin}/status`)).json()) as StatusReport;
        return processes[0]!;
      };
      await waitsFor([]);
      expect(await statusOf()).toMatchObject({ state: "ready", waitingFor: [] });
      await server.kill();
      const lost = { name: "front", reason: expect.stringMatching(/^The database cannot be reached|does not answer/) };
      await waitsFor([lost]);
      expect(await statusOf()).toMatchObject({ state: "waiting", waitingFor: [lost] });
      expect((await fetch(`${admin}/readyz`)).status).toBe(503);
      expect((await fetch(`${admin}/healthz`)).status).toBe(200);
      await server.restart();
      await waitsFor([]);
    } finally {
      await system?.stop();
      system = undefined;
      await server.stop();
    }
  },
  180_000,
);
