import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { type Instance, silentLogger, systemClock } from "../../src/core/index.js";
import { LeasedRegistry } from "../../src/discovery/leased-registry.js";
import { startRedisServer } from "../../src/testing/redis-server.js";

const program = fileURLToPath(new URL("../../dist/test/conformance/blocked-process.js", import.meta.url));
const lease = { heartbeatMs: 200, suspectMs: 3_000, leaseMs: 10_000 };
/** Longer than the lease: without heartbeats from a thread it would be gone. */
const blockedMs = 16_000;

it("takes a process whose event loop is blocked for suspect as long as that lasts, and never for gone", async () => {
  const server = await startRedisServer();
  const registry = new LeasedRegistry({
    store: { kind: "redis", url: server.url, namespace: "blocked" },
    lease,
    clock: systemClock,
    logger: silentLogger,
  });
  const child = fork(program, [server.url, "blocked", JSON.stringify(lease)], { execArgv: [] });
  try {
    const lists: (readonly Instance[])[] = [];
    registry.watch((list) => lists.push(list));
    const isSuspect = () => lists.at(-1)?.map((instance) => instance.isSuspect ?? false);
    await expect.poll(isSuspect, { timeout: 120_000 }).toEqual([false]);
    const before = lists.length;
    child.send(blockedMs);
    const [said] = await once(child, "message");
    expect(said).toBe("free again");
    expect(isSuspect()).toEqual([true]);
    await expect.poll(isSuspect, { timeout: 120_000 }).toEqual([false]);
    expect(lists.slice(before).filter((list) => list.length !== 1)).toEqual([]);
  } finally {
    child.kill("SIGKILL");
    await registry.close();
    await server.stop();
  }
}, 300_000);
