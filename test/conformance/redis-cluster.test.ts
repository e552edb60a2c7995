import { spawnSync } from "node:child_process";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { isError, silentLogger, systemClock, systemIds, type Transport } from "../../src/core/index.js";
import { type ClusterServer, type RedisCluster, startRedisCluster } from "../../src/testing/redis-cluster.js";
import { rejection } from "../../src/testing/conformance.js";
import { transportCases, type TransportSubject } from "../../src/testing/transport-conformance.js";
import { channelsOf } from "../../transports/redis/frames.js";
import { slotOf } from "../../transports/redis/slots.js";
import { createTransport, type RedisTransport } from "../../transports/redis/transport.js";
import { callOf, counting, echo, soon } from "../unit/redis-calls.js";

const channels = channelsOf("main");
const canRun = process.env.CI === "true" || spawnSync("redis-server", ["--version"]).status === 0;

let cluster: RedisCluster;
let served = 0;
const subject: TransportSubject = {
  clock: systemClock,
  createTransport: () =>
    createTransport({ clock: systemClock, ids: systemIds, logger: silentLogger, settings: { url: cluster.url } }),
  address: () => `process:${++served}`,
  pendingOf(transport: Transport) {
    const { pendingCalls, inFlight, waitingLength } = (transport as RedisTransport).gauges();
    return pendingCalls + inFlight + waitingLength;
  },
};

const whyNot = canRun ? "" : " (redis-server is not installed)";

describe.skipIf(!canRun)(`the redis transport over a cluster${whyNot}`, () => {
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(() => cluster?.stop());

  const { features } = createTransport({
    clock: systemClock,
    ids: systemIds,
    logger: silentLogger,
    settings: { url: "redis://127.0.0.1" },
  });
  for (const { title, skip, run } of transportCases) {
    const reason = skip?.(features);
    if (reason === undefined) it(title, () => run(subject));
    else it.skip(`${title} (${reason})`);
  }

  let transports: RedisTransport[] = [];
  let unsent: string[] = [];

  const create = (): RedisTransport => {
    const transport = createTransport({
      clock: systemClock,
      ids: systemIds,
      logger: silentLogger,
      settings: { url: cluster.url },
    });
    transports.push(transport);
    return transport;
  };

  const share = Math.ceil(16_384 / 3);
  /** Names of addresses whose inboxes one master has. */
  const addressesOf = (master: number, count: number): string[] => {
    const names: string[] = [];
    for (let n = 0; names.length < count; n++) {
      if (Math.floor(slotOf(channels.inbox(`${n}`)) / share) === master) names.push(`${n}`);
    }
    return names;
  };

  /** Calls, with a new input each time, until a reply comes; what fails meanwhile must fail as unavailable. */
  const callUntilAnswered = async (transport: RedisTransport, address: string, what: string): Promise<number> => {
    const connection = transport.connect(address);
    for (let tries = 0; ; tries++) {
      const input = `${what} ${tries}`;
      try {
        await connection.call(callOf(input));
        return tries;
      } catch (error) {
        if (!isError(error) || error.code !== "unavailable") throw error;
        if (error.outcome === "not-sent") unsent.push(input);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };

  const idOf = async (server: ClusterServer) => /[0-9a-f]{40}/.exec(await server.ask("CLUSTER", "MYID"))![0];

  afterEach(async () => {
    await Promise.all(transports.map((transport) => transport.close()));
    transports = [];
    unsent = [];
  });
  it("finds the slot of a channel as Redis does, and keeps the channels of an address together", async () => {
    for (const name of ["orders", "a{b}c", "}{", "ü", "", "x".repeat(300)]) {
      const { inbox, alive, event } = channels;
      for (const channel of [inbox(name), name.replace("ü", "u"), "{}x", "a{b}{c}", "{"]) {
        expect(await cluster.masters[0]!.ask("CLUSTER", "KEYSLOT", channel)).toBe(`:${slotOf(channel)}\r\n`);
      }
      if (name !== "") {
        expect(new Set([inbox(name), alive(name), event(name, "topic")].map(slotOf)).size).toBe(1);
      }
    }
  });

  it("knows at once that nobody listens, and reaches who does, on every master", async () => {
    const server = create();
    const client = create();
    for (const master of [0, 1, 2]) {
      const [served, unserved] = addressesOf(master, 2) as [string, string];
      await server.serve(served, echo);
      expect((await soon(client.connect(served).call(callOf(master)), 5_000)).output).toBe(master);
      await rejection(soon(client.connect(unserved).call(callOf(1)), 5_000), "unavailable", "not-sent");
    }
  });

  it("goes on after a slot has moved to another master; what was pending settles, and nothing runs twice", async () => {
    const [from, to, other] = cluster.masters as [ClusterServer, ClusterServer, ClusterServer];
    const [address] = addressesOf(0, 1) as [string];
    const { runs, entered, release, handler } = counting();
    await create().serve(address, handler);
    const client = create();
    const pending = Promise.allSettled([client.connect(address).call(callOf("hold"))]);
    await soon(entered, 5_000);
    const slot = String(slotOf(channels.inbox(address)));
    await to.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", await idOf(from));
    await from.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", await idOf(to));
    for (const server of [to, from, other]) await server.ask("CLUSTER", "SETSLOT", slot, "NODE", await idOf(to));
    await soon(callUntilAnswered(client, address, "after"), 15_000);
    release();
    await soon(pending, 5_000);
    expect([...runs.values()].every((count) => count === 1)).toBe(true);
    for (const input of unsent) expect(runs.has(input), `${input} was said not to be sent`).toBe(false);
    expect(await to.ask("PUBSUB", "SHARDNUMSUB", channels.inbox(address))).toMatch(/:1\r\n$/);
    expect(client.gauges()).toMatchObject({ pendingCalls: 0, waitingLength: 0 });
  });

  it("goes on with a replica that takes over, by hand and after a master's death; what was pending fails at once", async () => {
    const master = cluster.masters[1]!;
    const replica = await cluster.addReplica(master);
    const [address] = addressesOf(1, 1) as [string];
    const { runs, entered, release, handler } = counting();
    await create().serve(address, handler);
    const client = create();
    await soon(callUntilAnswered(client, address, "before"), 5_000);

    expect(await replica.ask("CLUSTER", "FAILOVER")).toBe("+OK\r\n");
    while (!(await master.ask("ROLE")).includes("slave")) await new Promise((resolve) => setTimeout(resolve, 50));
    for (let n = 0; n < 20; n++) await soon(callUntilAnswered(client, address, `handed over ${n}`), 15_000);
    expect(await replica.ask("PUBSUB", "SHARDNUMSUB", channels.inbox(address))).toMatch(/:1\r\n$/);

    const pending = rejection(client.connect(address).call(callOf("hold")), "unavailable", "unknown");
    await soon(entered, 5_000);
    await replica.kill();
    await soon(pending, 5_000);
    await rejection(soon(client.connect(address).call(callOf("away")), 5_000), "unavailable", "not-sent");
    await master.ask("CLUSTER", "FAILOVER", "TAKEOVER");
    await soon(callUntilAnswered(client, address, "taken over"), 15_000);
    release();
    expect([...runs.values()].every((count) => count === 1)).toBe(true);
    for (const input of unsent) expect(runs.has(input), `${input} was said not to be sent`).toBe(false);
    expect(runs.has("away")).toBe(false);
  }, 120_000);
});
