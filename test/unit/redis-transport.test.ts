import { once } from "node:events";
import { connect as connectSocket, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Logger, type PangaeaError, silentLogger, systemClock, systemIds } from "../../src/core/index.js";
import { rejection } from "../../src/testing/conformance.js";
import { freePort, type RedisServer, startRedisServer } from "../../src/testing/redis-server.js";
import { createTransport, type RedisTransport } from "../../transports/redis/transport.js";
import { callOf, callUntilSent, counting, echo, soon } from "./redis-calls.js";

/** A logger that keeps its lines. */
function recorder(): { lines: string[]; logger: Logger } {
  const lines: string[] = [];
  const note = (level: string) => (message: string, fields?: Record<string, unknown>) =>
    void lines.push(
      `${level}: ${message} ${JSON.stringify(fields, (_, v: unknown) => (v instanceof Error ? String(v) : v))}`,
    );
  const logger: Logger = {
    debugging: true,
    debug: note("debug"),
    info: note("info"),
    warn: note("warn"),
    error: note("error"),
    child: () => logger,
  };
  return { lines, logger };
}

let server: RedisServer;
let transports: RedisTransport[];
let sockets: Socket[];

const create = (settings: Record<string, string> = {}, logger = silentLogger): RedisTransport => {
  const transport = createTransport({
    clock: systemClock,
    ids: systemIds,
    logger,
    settings: { url: server.url, namespace: "unit", ...settings },
  });
  transports.push(transport);
  return transport;
};

/** A bare connection to Redis; `ask` resolves with the next thing that Redis says. */
async function bare(): Promise<{ socket: Socket; ask: (...words: string[]) => Promise<string> }> {
  const socket = connectSocket(server.port, "127.0.0.1");
  sockets.push(socket);
  await once(socket, "connect");
  return {
    socket,
    async ask(...words) {
      const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
      socket.write(`*${words.length}\r\n${parts.join("")}`);
      return String((await once(socket, "data"))[0]);
    },
  };
}

describe("the redis transport under faults", () => {
  beforeEach(async () => {
    transports = [];
    sockets = [];
    server = await startRedisServer();
  });

  afterEach(async () => {
    server.resume();
    for (const socket of sockets) socket.destroy();
    await Promise.all(transports.map((transport) => transport.close()));
    await server.stop();
  });

  it("fails every pending call at once as unknown when the broker dies, and resumes by itself when it is back", async () => {
    const { lines, logger } = recorder();
    const { runs, entered, release, handler } = counting();
    const callee = create({}, logger);
    await callee.serve("callee", handler);
    const caller = create();
    const connection = caller.connect("callee");
    const pending = ["hold 1", "hold 2", "hold 3"].map((input) =>
      rejection(connection.call(callOf(input)), "unavailable", "unknown"),
    );
    await soon(entered);
    await server.kill();
    await soon(Promise.all(pending));
    expect(caller.gauges().pendingCalls).toBe(0);
    await rejection(soon(connection.call(callOf("away"))), "unavailable", "not-sent");

    await server.restart();
    const inputs = Array.from({ length: 50 }, (_, n) => `after ${n}`);
    const replies = inputs.map((input) => callUntilSent(() => connection.call(callOf(input))));
    await soon(Promise.all(replies), 5_000);
    for (const input of [...inputs, "hold 1", "hold 2", "hold 3"]) expect(runs.get(input)).toBe(1);
    expect(runs.has("away")).toBe(false);
    release();
    expect(lines.filter((line) => line.startsWith("warn"))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith("info"))).toHaveLength(1);
  });

  it("settles what waits for a paused broker, and nothing runs twice when it goes on", async () => {
    const { runs, entered, release, handler } = counting();
    const callee = create();
    await callee.serve("callee", handler);
    const caller = create();
    const connection = caller.connect("callee");
    const before = rejection(connection.call(callOf("hold before")), "unavailable", "unknown");
    await soon(entered);
    server.pause();
    const during = rejection(connection.call(callOf("during")), "unavailable", "unknown");
    await soon(Promise.all([before, during]), 4_500);
    await rejection(soon(connection.call(callOf("away"))), "unavailable", "not-sent");
    server.resume();
    await soon(
      callUntilSent(() => connection.call(callOf("after"))),
      5_000,
    );
    release();
    await soon(connection.call(callOf("last")));
    expect(runs.get("hold before")).toBe(1);
    expect(runs.get("during") ?? 0).toBeLessThanOrEqual(1);
    expect(runs.has("away")).toBe(false);
    expect(runs.get("after")).toBe(1);
    expect(caller.gauges()).toMatchObject({ pendingCalls: 0, waitingLength: 0 });
  });

  it("fails pending calls at once when the reply channel is cut, and neither goes deaf nor handles twice afterwards", async () => {
    const { runs, entered, release, handler } = counting();
    const callee = create();
    await callee.serve("callee", handler);
    const caller = create();
    const connection = caller.connect("callee");
    const events: unknown[] = [];
    await connection.subscribe("topic", (payload) => events.push(payload));
    const pending = rejection(connection.call(callOf("hold")), "unavailable", "unknown");
    await soon(entered);
    const { ask } = await bare();
    for (let round = 0; round < 3; round++) {
      await ask("CLIENT", "KILL", "TYPE", "pubsub");
      if (round === 0) await soon(pending);
      let tries = 0;
      // A call sent before the cut was noticed is unknown, and is not tried again: another one is.
      for (let input: string | undefined; input === undefined;) {
        input = `${round}.${tries++}`;
        try {
          await soon(
            callUntilSent(() => connection.call(callOf(input))),
            3_000,
          );
        } catch (error) {
          if (tries > 20) throw error;
          input = undefined;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
      expect(runs.get(`${round}.${tries - 1}`)).toBe(1);
    }
    expect([...runs.values()].every((count) => count === 1)).toBe(true);
    release();
    expect(await ask("PUBSUB", "NUMSUB", "pangaea:unit:inbox:{callee}")).toMatch(/:1\r\n$/);
    expect(await ask("PUBSUB", "NUMSUB", "pangaea:unit:event:{callee}:topic")).toMatch(/:1\r\n$/);
    await ask("PUBLISH", "pangaea:unit:event:{callee}:topic", '["x",1]');
    await soon(connection.call(callOf("fence")));
    expect(events).toEqual([1]);
  });

  it("starts without Redis: serving waits in the background, calls fail at once, all works when Redis comes", async () => {
    const port = await freePort();
    const url = `redis://127.0.0.1:${port}`;
    const { lines, logger } = recorder();
    const callee = create({ url }, logger);
    await soon(callee.serve("callee", echo));
    const caller = create({ url });
    const connection = caller.connect("callee");
    await soon(connection.subscribe("topic", () => {}));
    await rejection(soon(connection.call(callOf(1))), "unavailable", "not-sent");
    await rejection(soon(connection.call(callOf(1))), "unavailable", "not-sent");
    const late = await startRedisServer({ port });
    try {
      await soon(
        callUntilSent(() => connection.call(callOf(2))),
        5_000,
      );
      expect(lines.filter((line) => line.startsWith("warn"))).toHaveLength(1);
      expect(lines.filter((line) => line.startsWith("info"))).toHaveLength(1);
    } finally {
      await Promise.all(transports.map((transport) => transport.close()));
      await late.stop();
    }
  });

  it("tells the caller of a lost reply long before its deadline", async () => {
    const { runs, entered, release, handler } = counting();
    const callee = create();
    await callee.serve("callee", handler);
    const { ask } = await bare();
    const id = /id=(\d+) [^\n]*name=pangaea-/.exec(await ask("CLIENT", "LIST"))?.[1];
    const caller = create();
    const connection = caller.connect("callee");
    const lost = rejection(connection.call(callOf("hold")), "unavailable", "unknown");
    await soon(entered);
    expect(await ask("CLIENT", "KILL", "ID", id!)).toBe(":1\r\n");
    // The handler answers while its process has no way to Redis.
    release();
    await soon(lost, 5_000);
    expect(runs.get("hold")).toBe(1);
    await soon(
      callUntilSent(() => connection.call(callOf("next"))),
      3_000,
    );
  });

  it("tells the caller of a dead callee, and keeps waiting for one that is only slow to answer", async () => {
    const channels = ["pangaea:unit:inbox:{raw}", "pangaea:unit:alive:{raw}"];
    const callee = await bare();
    await callee.ask("SUBSCRIBE", ...channels);
    const caller = create();
    let heard = "";
    const { promise: askedTwice, resolve: heardTwo } = Promise.withResolvers<void>();
    callee.socket.on("data", (chunk: Buffer) => {
      heard += chunk.toString();
      // Two questions go unanswered, as from a blocked event loop.
      if (heard.split('"ask"').length > 2) heardTwo();
    });
    let failed: PangaeaError | undefined;
    const pending = rejection(caller.connect("raw").call(callOf(1)), "unavailable", "unknown").then(
      (error) => (failed = error),
    );
    await soon(askedTwice, 5_000);
    expect(failed).toBeUndefined();
    callee.socket.destroy();
    await soon(pending, 3_000);
  });

  it("runs a call that is delivered twice, or late, once", async () => {
    const { runs, handler } = counting();
    const callee = create();
    await callee.serve("callee", handler);
    const { ask } = await bare();
    const is = { kind: "request", service: "s", version: 1, method: "m", effect: "read", attempt: 1, caller: "c" };
    const batch = (...ids: number[]) =>
      JSON.stringify(["raw", { head: 0, is }, ...ids.map((id) => [id, 0, 5_000, 0, 0, id])]);
    for (const text of [batch(1, 2, 2), batch(1, 2), batch(4), batch(3, 4, 5)]) {
      await ask("PUBLISH", "pangaea:unit:inbox:{callee}", text);
    }
    await soon(create().connect("callee").call(callOf("fence")));
    expect(Object.fromEntries(runs)).toEqual({ 1: 1, 2: 1, 4: 1, 5: 1, fence: 1 });
  });

  it("drops malformed messages, counts them and goes on", async () => {
    const callee = create();
    await callee.serve("callee", echo);
    const caller = create();
    const connection = caller.connect("callee");
    const events: unknown[] = [];
    await connection.subscribe("topic", (payload) => events.push(payload));
    const { ask } = await bare();
    await soon(connection.call(callOf(1)));
    const reply = /pangaea:unit:reply:\S+/.exec(await ask("PUBSUB", "CHANNELS", "pangaea:unit:reply:*"))![0];
    const polluting = '"__proto__":{"polluted":1}';
    const bodies = [
      "{}",
      "null",
      "1",
      '{"id":-1}',
      '{"id":1.5}',
      '{"id":"1"}',
      '{"head":0,"is":null}',
      '{"head":99999,"is":{}}',
      "[1,7,1000,0,0,1]",
      '[1,"__proto__",1000,0,0,1]',
      "[-1,0]",
      `{"head":0,"is":{${polluting}}}`,
      `{${polluting},"head":3}`,
      '{"ask":1,"ids":[{},null]}',
      '{"ask":1,"held":[{}]}',
      '{"id":1,"error":{"code":"__proto__"}}',
    ];
    const nonsense = ["", "{", "null", "[]", "[1]", '["__proto__",{"cancel":1}]', "\u0000".repeat(100)];
    for (const body of bodies) nonsense.push(`["x",${body}]`);
    for (const channel of [
      "pangaea:unit:inbox:{callee}",
      "pangaea:unit:alive:{callee}",
      reply,
      "pangaea:unit:event:{callee}:topic",
    ]) {
      for (const text of nonsense) await ask("PUBLISH", channel, text);
    }
    expect((await soon(connection.call(callOf("fine")))).output).toBe("fine");
    expect(callee.gauges().malformed).toBeGreaterThan(5);
    expect(caller.gauges().malformed).toBeGreaterThan(5);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it("sends all calls of one tick in few commands, each of bounded size", async () => {
    const callee = create();
    await callee.serve("callee", echo);
    const connection = create().connect("callee");
    await soon(connection.call(callOf("first")));
    const { ask } = await bare();
    const published = async () => Number(/cmdstat_publish:calls=(\d+)/.exec(await ask("INFO", "commandstats"))?.[1]);
    const listening = await bare();
    await listening.ask("SUBSCRIBE", "pangaea:unit:inbox:{callee}");
    const before = await published();
    await soon(Promise.all(Array.from({ length: 300 }, (_, n) => connection.call(callOf(n)))));
    expect((await published()) - before).toBeLessThan(30);
  });

  it("keeps namespaces apart", async () => {
    await create({ namespace: "one" }).serve("callee", echo);
    await rejection(soon(create({ namespace: "two" }).connect("callee").call(callOf(1))), "unavailable", "not-sent");
    await soon(create({ namespace: "one" }).connect("callee").call(callOf(1)));
  });

  it("refuses settings that cannot work, and never shows the password", async () => {
    expect(() => create({ url: "" })).toThrow(/settings\.url is missing; set REDIS_URL/);
    expect(() => create({ url: "http://u:hunter2@127.0.0.1" })).toThrow(/redis:\/\//);
    expect(() => create({ url: "http://u:hunter2@127.0.0.1" })).not.toThrow(/hunter2/);
    const { lines, logger } = recorder();
    const shown: string[] = [];
    for (const port of [server.port, await freePort()]) {
      const transport = create({ url: `redis://bob:hunter2@127.0.0.1:${port}` }, logger);
      const error = await rejection(soon(transport.connect("callee").call(callOf(1))), "unavailable", "not-sent");
      shown.push(`${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`);
      await transport.close();
    }
    expect(lines.length).toBeGreaterThan(0);
    expect([...lines, ...shown].join("\n")).not.toContain("hunter2");
  });
});
