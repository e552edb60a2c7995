import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AlreadyHandled,
  type Call,
  type Context,
  defineContract,
  errorOf,
  event,
  rootContext,
  silentLogger,
} from "pangaea";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { eventRetentionMs } from "../../src/events/outbox.js";
import { Relay } from "../../src/events/relay.js";
import type { ModuleStore } from "../../src/storage/module-store.js";
import { run } from "../../src/storage/run.js";
import { HandClock } from "./hand-clock.js";
import { openStore } from "./open-store.js";

const numbered = {
  payload: z.object({ n: z.int() }),
  key: ({ n }: { n: number }) => `${n % 2}`,
  delivery: "at-least-once" as const,
};
const producer = defineContract("producer", 1, {
  procedures: {},
  events: { made: event(numbered), unmade: event(numbered) },
});

let dataDir: string;
let clock: HandClock;
let store: ModuleStore;
let inbox: ModuleStore;
let relay: Relay;
/** Every delivery, as `subscriber event n`. */
let deliveries: string[];
let calls: Call[];
/** What a subscriber makes of a delivery; rejecting means that it does not confirm. */
let handle: (call: Call, n: number) => Promise<unknown>;

const open = async (module: string) => {
  return openStore({ module, dataDir, clock, listener: { outboxGrew: () => relay.wake() } });
};

const newRelay = (subscribers: Record<string, string[]> = { one: ["made", "unmade"] }) =>
  new Relay({
    store,
    subscribers: new Map(
      Object.entries(subscribers).map(([name, events]) => [name, { events: new Set(events), from: "oldest" as const }]),
    ),
    deliver: async (call) => {
      const { n } = call.input as { n: number };
      deliveries.push(`${call.service} ${call.method.split(".")[1]} ${n}`);
      calls.push(call);
      await handle(call, n);
      return { output: {} };
    },
    clock,
    logger: silentLogger,
  });

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "relay-"));
  clock = new HandClock();
  [deliveries, calls] = [[], []];
  handle = () => Promise.resolve();
  store = await open("producer");
  inbox = await open("subscriber");
  relay = newRelay();
});
afterEach(async () => {
  await relay.stop();
  await Promise.all([store.close(), inbox.close()]);
  rmSync(dataDir, { recursive: true });
});

const emit = (n: number, what: "made" | "unmade" = "made", context = rootContext(clock, 5_000)) =>
  store.commit(context, async (tx) => tx.emit(producer.events[what], { n }));
const delivered = (many: number) => clock.until(() => deliveries.length >= many);
const cursorOf = async (subscriber: string) =>
  (
    await store.framework
      .selectFrom("pangaea_cursor")
      .select("position")
      .where("subscriber", "=", subscriber)
      .executeTakeFirst()
  )?.position ?? 0;
/** Lets everything that could go on go on, for half a minute of this clock. */
const quiet = () => {
  const end = clock.now() + 30_000;
  return clock.until(() => clock.now() >= end, 40_000, 500);
};

describe("the relay", () => {
  it("delivers events in the order of their commits, also those from before it began", async () => {
    for (const n of [1, 2, 3]) await emit(n);
    await relay.start();
    await delivered(3);
    await emit(4, "unmade");
    await delivered(4);
    expect(deliveries).toEqual(["one made 1", "one made 2", "one made 3", "one unmade 4"]);
    await clock.until(async () => (await cursorOf("one")) === 4);
  });

  it("delivers an event as a call of its own: who asked, what trace, which id and key", async () => {
    const principal = { id: "p", scopes: ["s"] };
    await emit(7, "made", rootContext(clock, 5_000, { headers: { traceparent: "t" }, principal }));
    await relay.start();
    await delivered(1);
    const [call] = calls;
    expect(call).toMatchObject({
      kind: "event",
      service: "one",
      caller: "producer",
      method: "producer.made",
      version: 1,
      input: { n: 7 },
    });
    expect(call!.context).toMatchObject({
      headers: { traceparent: "t" },
      principal,
      event: { key: "1", method: "producer.made" },
    });
    const { id } = await store.framework.selectFrom("pangaea_outbox").select("id").executeTakeFirstOrThrow();
    expect(call!.context.event?.id).toBe(id);
  });

  it("gives each subscriber the events it wants, and passes over the others", async () => {
    relay = newRelay({ one: ["made"], two: ["unmade"] });
    for (const n of [1, 2, 3]) await emit(n, n === 2 ? "unmade" : "made");
    await relay.start();
    await delivered(3);
    expect(deliveries.toSorted()).toEqual(["one made 1", "one made 3", "two unmade 2"]);
    await clock.until(async () => (await cursorOf("one")) === 3 && (await cursorOf("two")) === 3);
  });

  it("delivers again what was not confirmed, before anything later of its key, and holds up no other key", async () => {
    let poisoned = 8;
    handle = (_call, n) => (n === 2 && poisoned-- > 0 ? Promise.reject(new Error("poison")) : Promise.resolve());
    for (const n of [1, 2, 3, 4]) await emit(n);
    await relay.start();
    await clock.until(() => deliveries.includes("one made 3"), 1_000);
    expect(deliveries.filter((delivery) => delivery === "one made 2").length).toBeLessThan(9);
    expect(await cursorOf("one")).toBe(1);
    await delivered(12);
    const even = deliveries.filter((delivery) => /[24]$/.test(delivery));
    expect(even).toEqual([...Array.from({ length: 9 }, () => "one made 2"), "one made 4"]);
    await clock.until(async () => (await cursorOf("one")) === 4);
  });

  it("writes down how far it has come as soon as that is possible again, also where nothing else happens", async () => {
    await relay.start();
    await store.update((db) =>
      run(
        db,
        `create trigger full before update on pangaea_cursor when new.position > 1
          begin select raise(abort, 'the disk is full'); end`,
      ),
    );
    for (const n of [1, 2]) await emit(n);
    await delivered(2);
    await quiet();
    expect(await cursorOf("one")).toBeLessThan(2);
    await store.update((db) => run(db, "drop trigger full"));
    await clock.until(async () => (await cursorOf("one")) === 2);
    expect(deliveries).toEqual(["one made 1", "one made 2"]);
  });

  it("asks a subscriber that is away with one event at a time, and soon again", async () => {
    handle = () => Promise.reject(errorOf("unavailable", "nobody", { outcome: "not-sent" }));
    for (let n = 0; n < 10; n++) await emit(n);
    await relay.start();
    await quiet();
    // Two keys went out at first; from then on there is one try a second.
    expect(deliveries.length).toBeLessThan(45);
    expect(await cursorOf("one")).toBe(0);
    handle = () => Promise.resolve();
    const before = clock.now();
    await clock.until(async () => (await cursorOf("one")) === 10);
    expect(clock.now() - before).toBeLessThan(1_500);
  });

  it("waits longer after each failure, up to five seconds, and not at all once it succeeds", async () => {
    handle = () => Promise.reject(errorOf("internal", "a bug"));
    await emit(1);
    await relay.start();
    const moments: number[] = [];
    for (let many = 1; many <= 10; many++) {
      await clock.until(() => deliveries.length >= many, 60_000, 10);
      moments.push(clock.now());
    }
    const waits = moments.slice(1).map((moment, index) => moment - moments[index]!);
    for (const [index, wait] of waits.entries())
      expect(Math.abs(wait - Math.min(50 * 2 ** index, 5_000))).toBeLessThanOrEqual(20);
    handle = () => Promise.resolve();
    await delivered(11);
    const before = clock.now();
    await emit(2);
    await delivered(12);
    expect(clock.now() - before).toBeLessThanOrEqual(100);
  });

  it("lets a subscriber that is away delay nobody else", async () => {
    relay = newRelay({ one: ["made"], two: ["made"] });
    handle = ({ service }) => (service === "one" ? Promise.reject(errorOf("unavailable", "away")) : Promise.resolve());
    for (const n of [1, 2, 3]) await emit(n);
    await relay.start();
    await clock.until(() => deliveries.includes("two made 3"), 2_000);
    expect(await cursorOf("one")).toBe(0);
    expect(deliveries).not.toContain("one made 3");
  });

  it("goes on after a restart where it stood", async () => {
    for (const n of [1, 2, 3]) await emit(n);
    handle = (call, n) =>
      n === 3 ? new Promise((_, reject) => call.context.cancellation.onCancel(reject)) : Promise.resolve();
    await relay.start();
    await delivered(3);
    await relay.stop();
    expect(await cursorOf("one")).toBe(2);
    handle = () => Promise.resolve();
    relay = newRelay();
    await relay.start();
    await delivered(4);
    expect(deliveries.slice(2)).toEqual(["one made 3", "one made 3"]);
  });

  it("delivers twice where a confirmation is lost, and the subscriber's inbox drops the second", async () => {
    let effects = 0;
    let lost = true;
    handle = async ({ context }) => {
      await inbox
        .commit(context, async () => effects++)
        .catch((error: unknown) => {
          if (!(error instanceof AlreadyHandled)) throw error;
        });
      if (lost) {
        lost = false;
        throw errorOf("unavailable", "the connection broke", { outcome: "unknown" });
      }
    };
    await emit(1);
    await relay.start();
    await clock.until(async () => (await cursorOf("one")) === 1);
    expect([deliveries.length, effects]).toEqual([2, 1]);
  });

  it("delivers hundreds at one go", async () => {
    for (let n = 0; n < 250; n++) await emit(n);
    await relay.start();
    await clock.until(() => deliveries.length >= 250, 500);
    expect(deliveries.map((delivery) => Number(delivery.split(" ")[2]))).toEqual(
      Array.from({ length: 250 }, (_, n) => n),
    );
  });

  it("delivers nothing while there is nothing new, and sets no timer for it", async () => {
    const standing = clock.timers;
    await relay.start();
    await emit(1);
    await delivered(1);
    await quiet();
    // One more: to forget what is old.
    expect([deliveries.length, clock.timers]).toEqual([1, standing + 1]);
  });

  it("forgets events that everybody has confirmed and that are past their time, and tells the subscribers how far", async () => {
    relay = newRelay({ one: ["made"], two: ["made"] });
    let away = true;
    handle = ({ service }) =>
      away && service === "two" ? Promise.reject(errorOf("internal", "not yet")) : Promise.resolve();
    for (const n of [1, 2, 3]) await emit(n);
    await relay.start();
    const positions = async () => {
      const rows = await store.framework.selectFrom("pangaea_outbox").select("position").orderBy("position").execute();
      return rows.map(({ position }) => position);
    };
    clock.jump(eventRetentionMs + 1);
    await clock.until(async () => (await cursorOf("one")) === 3);
    clock.advance(60_000);
    await quiet();
    expect(await positions()).toEqual([1, 2, 3]);
    away = false;
    await clock.until(async () => (await positions()).length === 0, 180_000);
    await emit(5);
    await clock.until(() => calls.at(-1)?.context.event?.position === 4);
    expect(calls.at(-1)?.context.event).toMatchObject({ position: 4, floor: 3 });
  });

  it("begins for a new subscriber with the oldest event that is retained, or with the next, as it asks", async () => {
    for (const n of [1, 2]) await emit(n);
    relay = new Relay({
      store,
      subscribers: new Map([
        ["old", { events: new Set(["made"]), from: "oldest" }],
        ["new", { events: new Set(["made"]), from: "now" }],
      ]),
      deliver: ({ service, input }) => {
        deliveries.push(`${service} ${(input as { n: number }).n}`);
        return Promise.resolve({ output: {} });
      },
      clock,
      logger: silentLogger,
    });
    await relay.start();
    await emit(3);
    await clock.until(() => deliveries.length === 4);
    expect(deliveries.toSorted()).toEqual(["new 3", "old 1", "old 2", "old 3"]);
  });

  it("leaves no trace of a delivery behind, although the module runs for months", async () => {
    await relay.start();
    for (const n of [1, 2, 3]) await emit(n);
    await delivered(3);
    await clock.until(async () => (await cursorOf("one")) === 3);
    await relay.stop();
    // What had settled before no longer follows the module's end.
    expect(calls.map(({ context }) => (context satisfies Context).cancellation.reason)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
