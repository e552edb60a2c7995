import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KeepAliveLoad } from "./keep-alive-load.js";
import { rollingRestart, startSupervised, type Supervised } from "./rolling-restart.js";

const clients = 2;
/** A machine that keeps a process waiting for so long cannot keep the deadlines of a chain of them. */
const stallMs = 300;

describe("the shop under load", { timeout: 900_000 }, () => {
  it.each(["test/faults/topologies/few.yaml", "test/faults/topologies/few-redis.yaml"])(
    "loses no request and no connection while every process of %s is replaced",
    async (topology) => {
      const { replaced, observed } = await rollingRestart({ topology, clients, requests: 300 });
      expect(replaced.toSorted()).toEqual(["edge", "front.1", "front.2", "front.3", "goods", "sales"]);
      expect(observed.requests).toBeGreaterThanOrEqual(300);
      expect({ failed: observed.failed, resets: observed.resets }, observed.complaints.join("\n")).toEqual({
        failed: 0,
        resets: 0,
      });
      // A call waits for a replacement for a moment, not for its whole deadline, on a machine that runs.
      if (observed.longestStallMs < stallMs) expect(observed.late, observed.complaints.join("\n")).toBe(0);
    },
  );
});

describe("one of three replicas", { timeout: 600_000 }, () => {
  let shop: Supervised;
  beforeAll(async () => {
    shop = await startSupervised("test/faults/topologies/few.yaml");
  }, 600_000);
  afterAll(() => shop?.system.stop());

  it("costs at most the calls in flight there when it is killed, and comes back", async () => {
    const load = new KeepAliveLoad(shop.system.url);
    await load.start(clients);
    await load.reach(100);
    const second = async () => (await shop.processes()).find(({ name }) => name === "front.2")!;
    const { pid } = await second();
    process.kill(pid!, "SIGKILL");
    const at = load.observed.requests;
    await expect
      .poll(second, { timeout: 120_000, interval: 200 })
      .toMatchObject({ state: "ready", restarts: 1, pid: expect.not.closeTo(pid!, 0) });
    await load.reach(at + 100);
    const { failed, resets, complaints } = await load.stop();
    // Each customer has one request under way at a time.
    expect(failed, complaints.join("\n")).toBeLessThanOrEqual(clients);
    expect(resets).toBe(0);
  });

  it("can become four, and one, while customers buy", async () => {
    const load = new KeepAliveLoad(shop.system.url);
    await load.start(clients);
    const names = async () =>
      (await shop.processes()).flatMap(({ process, name }) => (process === "front" ? name : []));
    await shop.operate("scale", { process: "front", replicas: 4 });
    expect(await names()).toEqual(["front.1", "front.2", "front.3", "front.4"]);
    await shop.operate("scale", { process: "front", replicas: 1 });
    expect(await names()).toEqual(["front"]);
    await expect(shop.operate("scale", { process: "sales", replicas: 2 })).rejects.toThrow(
      /sales cannot run 2 times: orders is on SQLite, which one process owns; put it on PostgreSQL/,
    );
    const { failed, complaints } = await load.stop();
    expect(failed, complaints.join("\n")).toBe(0);
  });
});
