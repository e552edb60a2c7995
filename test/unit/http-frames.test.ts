import type { Socket } from "node:net";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Clock, rootContext, silentLogger, systemClock, systemIds } from "../../src/core/index.js";
import { latch, rejection, within } from "../../src/testing/conformance.js";
import { heldHandler } from "../../src/testing/transport-subject.js";
import { createFrameReader } from "../../transports/http/frames.js";
import { createTransport } from "../../transports/http/transport.js";
import { callOf, echo, frame, frameServer, newTransport, serve, tcpProxy } from "./http-rig.js";
import { HandClock } from "./hand-clock.js";

const soon = <T>(what: string, promise: Promise<T>) => within(systemClock, 8_000, what, promise);

const isCall = (message: unknown): message is readonly unknown[] => Array.isArray(message);

describe("a frame reader", () => {
  it("puts frames together however the bytes are cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme", maxLength: 40 }), { maxLength: 10 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
        (texts, cuts) => {
          const bytes = Buffer.concat(texts.map(frame));
          const read: string[] = [];
          const reader = createFrameReader(1_000, (text) => read.push(text));
          for (let start = 0, n = 0; start < bytes.length; n++) {
            const end = start + cuts[n % cuts.length]!;
            reader(bytes.subarray(start, end));
            start = end;
          }
          expect(read).toEqual(texts);
        },
      ),
    );
  });

  it("refuses a frame that is announced too large before it is there", () => {
    const reader = createFrameReader(10, () => {});
    reader(frame("0123456789"));
    expect(() => reader(Buffer.from([0, 0, 0, 11]))).toThrow("a frame of 11 bytes, at most 10");
  });
});

describe("calls in frames", () => {
  it("of one tick leave in one frame, the head once, and in several where it would be longer than 8 KB", async () => {
    const frames: (readonly unknown[])[] = [];
    const address = await frameServer((messages, send) => {
      frames.push(messages);
      send(...messages.filter(isCall).map(([id]) => [id, "done"]));
    });
    const connection = newTransport().connect(address);
    await connection.call(callOf(0));
    await Promise.all(Array.from({ length: 100 }, (_, n) => connection.call(callOf(n))));
    expect(frames.map((messages) => messages.length)).toEqual([2, 100]);
    frames.length = 0;
    await Promise.all(Array.from({ length: 10 }, () => connection.call(callOf("x".repeat(2_500)))));
    expect(frames.map((messages) => messages.length)).toEqual([3, 3, 3, 1]);
  });

  it("are answered at once, whatever their neighbours take, in frames and in batches", async () => {
    for (const upgrade of ["on", "off"]) {
      const slow = latch();
      const { address } = await serve(async (call) => {
        if (call.input === "slow") await slow.promise;
        return { output: call.input };
      });
      const connection = newTransport({ upgrade }).connect(address);
      const waiting = connection.call(callOf("slow"));
      expect((await soon("the quick reply", connection.call(callOf("quick")))).output).toBe("quick");
      slow.open();
      expect((await waiting).output).toBe("slow");
    }
  });

  it("given up among others are cancelled, and only those, in frames and in batches", async () => {
    for (const upgrade of ["on", "off"]) {
      const { handler, release } = heldHandler();
      const canceled: unknown[] = [];
      const told = latch();
      const entered = latch();
      let count = 0;
      const { address } = await serve((call) => {
        call.context.cancellation.onCancel(() => {
          canceled.push(call.input);
          told.open();
        });
        if (++count === 3) entered.open();
        return handler(call);
      });
      const connection = newTransport({ upgrade }).connect(address);
      const context = rootContext(systemClock, 10_000);
      const others = [connection.call(callOf(1)), connection.call(callOf(3))];
      const givenUp = rejection(connection.call(callOf(2, context)), "canceled");
      await soon("three starts", entered.promise);
      context.cancellation.cancel();
      await givenUp;
      await soon("the cancellation", told.promise);
      release.open();
      await Promise.all(others);
      expect(canceled).toEqual([2]);
    }
  });

  it("fail as unknown at once when the connection is cut, and the next ones go over a new one", async () => {
    const { handler, entered, release } = heldHandler();
    const proxy = await tcpProxy((await serve(handler)).address);
    const connection = newTransport().connect(proxy.address);
    const cut = Promise.all([1, 2, 3].map((n) => rejection(connection.call(callOf(n)), "unavailable", "unknown")));
    await soon("a start", entered.promise);
    proxy.cut();
    await soon("the errors", cut);
    release.open();
    expect((await soon("the next reply", connection.call(callOf(4)))).output).toBe(4);
    expect(proxy.connected()).toBe(2);
  });

  it("wait where the server does not read, are refused when that is too much, and were not sent", async () => {
    const stuck = latch();
    const address = await frameServer((_messages, _send, socket) => {
      socket.pause();
      stuck.open();
    });
    const transport = newTransport();
    const connection = transport.connect(address);
    const sent = connection.call(callOf(0)).catch((error: unknown) => error);
    await soon("the first frame", stuck.promise);
    const large = "x".repeat(1_000_000);
    const outcomes = new Map<string, number>();
    const calls = Array.from({ length: 80 }, async () => {
      await new Promise(setImmediate);
      await rejection(connection.call(callOf(large)), "resource_exhausted", "not-sent").then(
        () => outcomes.set("refused", (outcomes.get("refused") ?? 0) + 1),
        () => outcomes.set("waited", (outcomes.get("waited") ?? 0) + 1),
      );
    });
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(outcomes.get("refused")).toBeGreaterThan(10);
    await connection.close();
    await Promise.all(calls);
    expect(outcomes.get("waited")).toBeGreaterThan(10);
    expect(await sent).toMatchObject({ outcome: "unknown" });
    expect(transport.gauges().pendingCalls).toBe(0);
  });

  it("are given up when the server has fallen silent", async () => {
    const clock = new HandClock();
    const arrived = latch();
    const address = await frameServer(() => arrived.open());
    const transport = createTransport({ clock, ids: systemIds, logger: silentLogger, settings: {} });
    const settled = rejection(
      transport.connect(address).call(callOf(1, rootContext(clock, 3_600_000))),
      "unavailable",
      "unknown",
    );
    await soon("the call", arrived.promise);
    for (let n = 0; n < 6; n++) clock.advance(10_000);
    await soon("the error", settled);
    await transport.close();
  });

  it("take a new connection after one was given up while not a byte came, and what is under way may still be answered", async () => {
    const clock = new HandClock();
    const connections = new Map<Socket, number>();
    const unanswered: (() => void)[] = [];
    const arrived = latch();
    const address = await frameServer((messages, send, socket) => {
      for (const [id] of messages.filter(isCall)) {
        const before = connections.get(socket) ?? 0;
        connections.set(socket, before + 1);
        if (before === 0) send([id, `first of connection ${connections.size}`]);
        else unanswered.push(() => send([id, "late"]));
      }
      if (unanswered.length === 2) arrived.open();
    });
    const transport = createTransport({ clock, ids: systemIds, logger: silentLogger, settings: {} });
    const connection = transport.connect(address);
    const ask = (n: number, context = rootContext(clock, 60_000)) => connection.call(callOf(n, context));
    expect((await soon("the first reply", ask(1))).output).toBe("first of connection 1");
    clock.advance(1);
    const patient = ask(2);
    const context = rootContext(clock, 60_000);
    const givenUp = rejection(ask(3, context), "canceled");
    await soon("both calls", arrived.promise);
    clock.advance(2_000);
    context.cancellation.cancel();
    await givenUp;
    expect((await soon("the next reply", ask(4))).output).toBe("first of connection 2");
    unanswered[0]!();
    expect((await soon("the late reply", patient)).output).toBe("late");
    await transport.close();
  });

  it("go in batches after a refused Upgrade, and in frames once it is taken", async () => {
    let aheadMs = 0;
    const clock: Clock = Object.assign(Object.create(systemClock), { now: () => systemClock.now() + aheadMs });
    const before = await serve(echo, { upgrade: "off" });
    const transport = createTransport({ clock, ids: systemIds, logger: silentLogger, settings: {} });
    const connection = transport.connect(before.address);
    expect((await connection.call(callOf(1))).output).toBe(1);
    await before.close();
    const { handler, entered, release } = heldHandler();
    await newTransport().serve(before.address, handler);
    release.open();
    const proof: unknown[] = [];
    expect((await connection.call(callOf(2))).output).toBe(2);
    aheadMs = 2_000;
    // What starts the attempt goes in a batch still.
    while (proof.length < 2) {
      const { output } = await connection.call(callOf("again"));
      proof.push(output);
    }
    await soon("a call", entered.promise);
    expect(proof).toEqual(["again", "again"]);
    await transport.close();
  });
});
