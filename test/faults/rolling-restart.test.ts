import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KeepAliveLoad } from "./keep-alive-load.js";
import { rollingRestart, startSupervised, type Supervised } from "./rolling-restart.js";

const isLong = process.env.PANGAEA_FAULTS === "all";
const clients = 2;
const requests = 100;
/** A machine that keeps a process waiting for so long cannot keep the deadlines of a chain of them. */
const stallMs = 300;

// Minutes of starting processes: only where all faults are asked for.
describe.skipIf(!isLong)("the shop under load, over HTTP and Redis (npm run test:long)", { timeout: 600_000 }, () => {
  let shop: Supervised;
  beforeAll(async () => {
    shop = await startSupervised("test/faults/topologies/mixed.yaml");
  }, 600_000);
  afterAll(() => shop?.system.stop());

  it("loses no request and no connection while every process is replaced", async () => {
    const { replaced, observed } = await rollingRestart(shop, { operation: "restart", clients, requests });
    expect(replaced.toSorted()).toEqual(["back", "edge", "front.1", "front.2", "front.3"]);
    expect(observed.requests).toBeGreaterThanOrEqual(requests);
    const { failed, resets, complaints } = observed;
    expect({ failed, resets }, complaints.join("\n")).toEqual({ failed: 0, resets: 0 });
    // A call waits for a replacement for a moment, not for its whole deadline, on a machine that runs.
    if (observed.longestStallMs < stallMs) expect(observed.late, complaints.join("\n")).toBe(0);
  });

  it("loses at most the calls in flight with one of three replicas that is killed, and gets it back", async () => {
    const load = new KeepAliveLoad(shop.system.url);
    await load.start(clients);
    const second = async () => (await shop.processes()).find(({ name }) => name === "front.2")!;
    const { pid, restarts } = await second();
    await load.reach(requests / 2);
    process.kill(pid!, "SIGKILL");
    const at = load.observed.requests;
    await expect
      .poll(second, { timeout: 120_000, interval: 200 })
      .toMatchObject({ state: "ready", restarts: restarts + 1, pid: expect.not.closeTo(pid!, 0) });
    await load.reach(at + requests / 2);
    const { failed, resets, complaints } = await load.stop();
    // Each customer has one request under way at a time.
    expect(failed, complaints.join("\n")).toBeLessThanOrEqual(clients);
    expect(resets).toBe(0);
  });

  it("loses nothing while a process becomes four, and one", async () => {
    const load = new KeepAliveLoad(shop.system.url);
    await load.start(clients);
    const names = async () =>
      (await shop.processes()).flatMap(({ process, name }) => (process === "front" ? name : []));
    await shop.operate("scale", { process: "front", replicas: 4 });
    expect(await names()).toEqual(["front.1", "front.2", "front.3", "front.4"]);
    await shop.operate("scale", { process: "front", replicas: 1 });
    expect(await names()).toEqual(["front"]);
    await expect(shop.operate("scale", { process: "back", replicas: 2 })).rejects.toThrow(
      /back cannot run 2 times: .* is on SQLite, which one process owns; put it on PostgreSQL/,
    );
    const { failed, complaints } = await load.stop();
    expect(failed, complaints.join("\n")).toBe(0);
  });
});
