import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Call, type Context, errorOf, type Handler, rootContext, silentLogger, wrap } from "pangaea";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DeadLetters } from "../../src/events/dead-letters.js";
import { inbox } from "../../src/events/inbox.js";
import type { ModuleStore } from "../../src/storage/module-store.js";
import { run } from "../../src/storage/run.js";
import { HandClock } from "./hand-clock.js";
import { openStore } from "./open-store.js";

let dataDir: string;
let clock: HandClock;
let store: ModuleStore;
/** What the handler does; by default it commits its effect. */
let handle: (call: Call) => Promise<unknown>;
let handled: string[];
let handler: Handler;
let letters: DeadLetters;

const migrations = [
  { name: "0001-effects", up: (db: any) => db.schema.createTable("effects").addColumn("id", "text").execute() },
];

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "inbox-"));
  clock = new HandClock();
  await reopen();
});
afterEach(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true });
});

/** As after a restart of the process. */
async function reopen(): Promise<void> {
  store = await openStore({ module: "subscriber", dataDir, clock, migrations });
  handled = [];
  handle = effect;
  const layer = inbox({ store, clock, logger: silentLogger });
  handler = wrap([layer], async (call) => {
    handled.push(call.context.event!.id);
    await handle(call);
    return { output: {} };
  });
  letters = new DeadLetters({ store, handle: handler, clock });
}

const effect = ({ context }: Call) =>
  store.commit(context, (tx) => store.in(tx).insertInto("effects").values({ id: context.event!.id }).execute());
const effects = async () =>
  (await run<{ id: string }>(store.read, "select id from effects order by rowid")).rows.map(({ id }) => id);

const eventOf = (id: string, key = "a", position = 1, floor = 0): Call => ({
  kind: "event",
  service: "subscriber",
  version: 1,
  method: "producer.made",
  input: { id, more: { b: 1, a: [2.5, null, "ü"] } },
  effect: "idempotent",
  attempt: 1,
  caller: "producer",
  context: rootContext(clock, 5_000, {
    headers: { traceparent: "t" },
    principal: { id: "p", scopes: ["s"] },
    event: { id, key, method: "producer.made", position, floor },
  }) satisfies Context,
});
const deliver = (id: string, key?: string, position?: number, floor?: number): Promise<unknown> =>
  handler(eventOf(id, key, position, floor)).then(
    () => "confirmed",
    (error: Error) => error.message,
  );
const bug = () => Promise.reject(new Error("bug"));

describe("an event's handling", () => {
  it("has its effect once, however often it is delivered, also across restarts", async () => {
    expect([await deliver("1"), await deliver("1")]).toEqual(["confirmed", "confirmed"]);
    await store.close();
    await reopen();
    expect(await deliver("1")).toBe("confirmed");
    expect([await effects(), handled]).toEqual([["1"], []]);
  });

  it("is not begun again where the handler succeeded without a commit of its own", async () => {
    handle = () => Promise.resolve();
    for (let n = 0; n < 5; n++) expect(await deliver("1")).toBe("confirmed");
    expect([handled, await letters.list()]).toEqual([["1"], []]);
  });

  it("is tried five times and then parked, exactly as it came, and confirmed", async () => {
    handle = bug;
    for (let n = 1; n < 5; n++) expect(await deliver("1")).toBe("bug");
    expect([await deliver("1"), await deliver("1")]).toEqual(["confirmed", "confirmed"]);
    expect(handled).toHaveLength(5);
    const [letter] = await letters.list();
    expect(letter).toMatchObject({ event: "producer.made", id: "1", key: "a", attempts: 5 });
    expect(letter!.payload).toBe('{"id":"1","more":{"b":1,"a":[2.5,null,"ü"]}}');
    expect(JSON.parse(letter!.error!)).toEqual({ code: "internal", message: "bug" });
  });

  it("counts an attempt before the handler runs: one that ends the process counts too", async () => {
    for (let attempt = 1; attempt <= 5; attempt++) {
      handle = () => new Promise(() => {});
      void deliver("1");
      await clock.until(() => handled.length === 1);
      await store.close();
      await reopen();
    }
    expect(await deliver("1")).toBe("confirmed");
    expect([handled, (await letters.list()).map(({ id, attempts }) => [id, attempts])]).toEqual([[], [["1", 5]]]);
  });

  it("does not count what says nothing against the event", async () => {
    for (const code of ["unavailable", "resource_exhausted", "canceled"] as const) {
      handle = () => Promise.reject(errorOf(code, code));
      for (let n = 0; n < 3; n++) expect(await deliver("1")).toBe(code);
    }
    handle = effect;
    expect(await deliver("1")).toBe("confirmed");
    expect([await effects(), await letters.list()]).toEqual([["1"], []]);
  });

  it("parks later events of its key behind it, and lets others pass", async () => {
    handle = (call) => (call.context.event!.id === "1" ? bug() : effect(call));
    for (let n = 0; n < 5; n++) await deliver("1");
    expect([await deliver("2"), await deliver("3", "b"), await deliver("4")]).toEqual(
      Array.from({ length: 3 }, () => "confirmed"),
    );
    expect(await effects()).toEqual(["3"]);
    expect((await letters.list()).map(({ id, attempts, error }) => [id, attempts, error === null])).toEqual([
      ["1", 5, false],
      ["2", 0, true],
      ["4", 0, true],
    ]);
  });

  it("forgets what its producer will never deliver again, and nothing else", async () => {
    await deliver("1", "a", 1);
    await deliver("2", "a", 2);
    handle = bug;
    await deliver("3", "b", 3);
    handle = effect;
    await deliver("4", "a", 4, 3);
    const { rows } = await run<{ event_id: string }>(
      store.read,
      "select event_id from pangaea_inbox order by event_id",
    );
    expect(rows.map(({ event_id }) => event_id)).toEqual(["3", "4"]);
  });
});

describe("dead letters", () => {
  beforeEach(async () => {
    handle = (call) => (call.context.event!.id === "1" ? bug() : effect(call));
    for (let n = 0; n < 5; n++) await deliver("1");
    await deliver("2");
    handled = [];
  });

  it("are handled again in their order, have their effect once, and are dead letters no more", async () => {
    handle = effect;
    const calls: Call[] = [];
    const done = handle;
    handle = (call) => {
      calls.push(call);
      return done(call);
    };
    expect(await letters.replay()).toEqual({ handled: 2, failed: [] });
    expect([await effects(), await letters.list()]).toEqual([["1", "2"], []]);
    expect(calls[0]!.context).toMatchObject({
      headers: { traceparent: "t" },
      principal: { id: "p", scopes: ["s"] },
      event: { id: "1", key: "a" },
    });
    expect(await letters.replay()).toEqual({ handled: 0, failed: [] });
    expect([await deliver("1"), await deliver("2"), await deliver("5")]).toEqual(
      Array.from({ length: 3 }, () => "confirmed"),
    );
    expect(await effects()).toEqual(["1", "2", "5"]);
  });

  it("stay, with what follows them, where they fail again", async () => {
    expect(await letters.replay()).toEqual({ handled: 0, failed: [{ number: 1, message: "bug" }] });
    expect(handled).toEqual(["1"]);
    expect((await letters.list()).map(({ id }) => id)).toEqual(["1", "2"]);
    expect(await deliver("1")).toBe("confirmed");
    expect(await effects()).toEqual([]);
  });

  it("have one effect where two replay at once", async () => {
    handle = effect;
    await Promise.all([letters.replay(), letters.replay()]);
    expect([await effects(), await letters.list()]).toEqual([["1", "2"], []]);
  });

  it("can be replayed by number, with their key", async () => {
    handle = (call) => (call.context.event!.id === "9" ? bug() : effect(call));
    for (let n = 0; n < 5; n++) await deliver("9", "z");
    const number = (await letters.list()).find(({ id }) => id === "2")!.number;
    expect(await letters.replay(number)).toEqual({ handled: 2, failed: [] });
    expect((await letters.list()).map(({ id }) => id)).toEqual(["9"]);
  });

  it("can be given up: then the key is free", async () => {
    for (const { number } of await letters.list()) expect(await letters.discard(number)).toBe(true);
    expect(await letters.discard(1)).toBe(false);
    handle = effect;
    expect(await deliver("3")).toBe("confirmed");
    expect(await effects()).toEqual(["3"]);
  });
});
