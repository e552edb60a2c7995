import { type Kysely, sql } from "kysely";
import {
  AlreadyHandled,
  type Context,
  type ContextFields,
  defineContract,
  defineSaga,
  errorOf,
  event,
  fail,
  type KeyedCall,
  keyedCall,
  openTransaction,
  rootContext,
  type Tx,
} from "pangaea";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { frameworkMigrations } from "../../src/storage/framework-tables.js";
import type { ModuleStore } from "../../src/storage/module-store.js";
import { HandClock } from "./hand-clock.js";
import { openStore } from "./open-store.js";
import { kinds, type Place } from "./places.js";

const dayMs = 24 * 60 * 60 * 1000;

const things = defineContract("things", 1, {
  procedures: {},
  errors: { FULL: { code: "failed_precondition", details: z.object({ at: z.int() }) } },
  events: {
    made: event({ payload: z.object({ n: z.int() }), key: ({ n }) => `key ${n}`, delivery: "at-least-once" }),
    seen: event({ payload: z.object({ n: z.int() }), key: () => "", delivery: "best-effort" }),
  },
});
const others = defineContract("others", 1, { procedures: {}, events: things.events });
const saga = defineSaga("count", 1, z.object({ n: z.int() }));
const migrations = [
  {
    name: "0001-numbers",
    up: (db: Kysely<any>) => db.schema.createTable("numbers").addColumn("n", "integer").execute(),
  },
];

let place: Place;
let clock: HandClock;
let told: string[];
let store: ModuleStore;

const open = async (durable = false) =>
  openStore({
    module: "things",
    backend: await place.open(durable),
    migrations,
    clock,
    listener: {
      outboxGrew: () => told.push("outbox"),
      sagaStarted: (name, id) => told.push(`saga ${name}/${id}`),
      publish: ({ name }, payload) => told.push(`${name} ${JSON.stringify(payload)}`),
    },
  });

const contextOf = (fields: Omit<ContextFields, "clock" | "deadline"> = {}): Context =>
  rootContext(clock, 1_000, fields);
const keyed = (key: string, inputHash = "input", principal = ""): Context => {
  const context = contextOf();
  const identity: KeyedCall = { procedure: "things.add", principal, key, inputHash };
  context.local.set(keyedCall, identity);
  return context;
};
const add = (n: number) => async (tx: Tx) => {
  await store.in(tx).insertInto("numbers").values({ n }).execute();
  tx.emit(things.events.made, { n });
  return { n };
};
const numbers = async (): Promise<number[]> =>
  (await store.read.selectFrom("numbers").select("n").orderBy("n").execute()).map(({ n }) => n as number);
const count = async (table: "pangaea_outbox" | "pangaea_inbox" | "pangaea_saga" | "pangaea_idempotency") =>
  (await store.framework.selectFrom(table).selectAll().execute()).length;
const refusal = (call: Promise<unknown>): Promise<any> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

describe.each(kinds)("on $kind", ({ kind, newPlace }) => {
  beforeEach(async () => {
    place = newPlace();
    clock = new HandClock();
    told = [];
    store = await open();
  });
  afterEach(async () => {
    await store.close();
    place.remove();
  });

  describe("a commit", () => {
    it("makes state, events and sagas true together, and tells of them afterwards", async () => {
      const result = await store.commit(contextOf(), async (tx) => {
        tx.start(saga, "s1", { n: 1 });
        tx.emit(things.events.seen, { n: 1 });
        const added = await add(1)(tx);
        expect(told).toEqual([]);
        return added;
      });
      expect(result).toEqual({ n: 1 });
      expect([await numbers(), await count("pangaea_outbox"), await count("pangaea_saga")]).toEqual([[1], 1, 1]);
      expect(told).toEqual(["saga count/s1", 'seen {"n":1}', "outbox"]);
    });

    it("leaves nothing of a change that throws, and tells nobody", async () => {
      const bug = new Error("bug");
      const call = store.commit(contextOf(), async (tx) => {
        tx.start(saga, "s1", { n: 1 });
        tx.emit(things.events.seen, { n: 1 });
        await add(1)(tx);
        throw bug;
      });
      expect(await refusal(call)).toBe(bug);
      expect([await numbers(), await count("pangaea_outbox"), await count("pangaea_saga"), told]).toEqual([
        [],
        0,
        0,
        [],
      ]);
    });

    it("keeps with an event where it came from, and gives events positions in the order of the commits", async () => {
      const principal = { id: "p", scopes: ["s"] };
      await store.commit(contextOf({ headers: { traceparent: "t" }, principal }), add(1));
      await store.commit(contextOf(), add(2));
      const rows = await store.framework.selectFrom("pangaea_outbox").selectAll().orderBy("position").execute();
      expect(rows.map(({ key, payload }) => [key, payload])).toEqual([
        ["key 1", '{"n":1}'],
        ["key 2", '{"n":2}'],
      ]);
      expect(JSON.parse(rows[0]!.headers)).toEqual({ traceparent: "t" });
      expect(JSON.parse(rows[0]!.principal!)).toEqual(principal);
      expect([rows[0]!.created_at, rows[1]!.principal]).toEqual([clock.wallTime(), null]);
    });

    it("starts the same saga once, with the state it was first given", async () => {
      for (const n of [1, 2]) await store.commit(contextOf(), async (tx) => tx.start(saga, "s1", { n }));
      const rows = await store.framework.selectFrom("pangaea_saga").select("state").execute();
      expect(rows).toEqual([{ state: '{"n":1}' }]);
    });

    it("refuses a payload or state that is not as declared, and then changes nothing", async () => {
      const payload = store.commit(contextOf(), async (tx) => {
        await add(1)(tx);
        tx.emit(things.events.made, { n: "1" } as unknown as { n: number });
      });
      expect(await refusal(payload)).toMatchObject({
        code: "internal",
        message: expect.stringContaining("payload of things.made: n: "),
      });
      const state = store.commit(contextOf(), async (tx) => tx.start(saga, "s1", {} as { n: number }));
      expect((await refusal(state)).message).toContain("n: ");
      expect([await numbers(), await count("pangaea_saga")]).toEqual([[], 0]);
    });

    it("refuses another module's event", async () => {
      const call = store.commit(contextOf(), async (tx) => tx.emit(others.events.made, { n: 1 }));
      expect((await refusal(call)).message).toBe("things cannot emit others.made: a module emits only its own events.");
    });

    it("refuses a commit inside it, and can be followed by another one", async () => {
      const context = contextOf();
      const call = store.commit(context, async (tx) => {
        await add(1)(tx);
        await store.commit(context, add(2));
      });
      expect(await refusal(call)).toMatchObject({
        code: "failed_precondition",
        message: expect.stringContaining("work.commit inside work.commit"),
      });
      expect(context.local.has(openTransaction)).toBe(false);
      await store.commit(context, add(3));
      await store.commit(context, add(4));
      expect(await numbers()).toEqual([3, 4]);
    });

    it("does not begin once the deadline has passed or the caller has given up", async () => {
      const late = contextOf();
      clock.advance(1_000);
      expect(await refusal(store.commit(late, add(1)))).toMatchObject({
        code: "deadline_exceeded",
        outcome: "not-executed",
      });
      const cancelled = contextOf();
      const reason = errorOf("canceled", "enough");
      cancelled.cancellation.cancel(reason);
      expect(await refusal(store.commit(cancelled, add(1)))).toBe(reason);
      expect(await numbers()).toEqual([]);
    });

    it("waits for the commits before it, in their order", async () => {
      const order: number[] = [];
      const one = (n: number) =>
        store.commit(contextOf(), async (tx) => {
          order.push(n);
          await new Promise(setImmediate);
          order.push(n);
          return add(n)(tx);
        });
      await Promise.all([one(1), one(2), one(3)]);
      expect(order).toEqual([1, 1, 2, 2, 3, 3]);
    });

    it("keeps what goes on of a change after its time out of the next one's transaction", async () => {
      const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
      const { promise: gate, resolve: goOn } = Promise.withResolvers<void>();
      const { promise: late, resolve: tellLate } = Promise.withResolvers<Error>();
      const slow = refusal(
        store.commit(contextOf(), async (tx) => {
          begin();
          await gate;
          tellLate((await refusal(add(1)(tx))) as Error);
          throw fail(things.errors.FULL, { at: 1 });
        }),
      );
      await begun;
      clock.advance(5_000);
      const next = store.commit(contextOf(), async (tx) => {
        goOn();
        await late;
        return add(2)(tx);
      });
      expect(await slow).toMatchObject({ code: "deadline_exceeded" });
      expect(await next).toEqual({ n: 2 });
      expect((await late).message).toContain("a transaction was used after its commit");
      expect([await numbers(), await count("pangaea_outbox")]).toEqual([[2], 1]);
    });
  });

  describe("a keyed call", () => {
    it("has its reply stored with its effect, and a repeat gets that reply without the effect", async () => {
      expect(await store.commit(keyed("k"), add(1))).toEqual({ n: 1 });
      await store.close();
      store = await open();
      told = [];
      expect(await store.commit(keyed("k"), add(2))).toEqual({ n: 1 });
      expect([await numbers(), await count("pangaea_outbox"), told]).toEqual([[1], 1, []]);
    });

    it("is executed once when two come together", async () => {
      const replies = await Promise.all([store.commit(keyed("k"), add(1)), store.commit(keyed("k"), add(2))]);
      expect(replies).toEqual([{ n: 1 }, { n: 1 }]);
      expect(await numbers()).toEqual([1]);
    });

    it("has a declared error stored and its change undone, and a repeat gets that error", async () => {
      const failing = async (tx: Tx) => {
        await add(1)(tx);
        throw fail(things.errors.FULL, { at: 1 });
      };
      const expected = { code: "failed_precondition", reason: "FULL", domain: "things", details: { at: 1 } };
      expect(await refusal(store.commit(keyed("k"), failing))).toMatchObject(expected);
      expect([await numbers(), await count("pangaea_outbox"), told]).toEqual([[], 0, []]);
      expect(await refusal(store.commit(keyed("k"), add(2)))).toMatchObject(expected);
      expect(await numbers()).toEqual([]);
    });

    it.each([
      ["a transient error", errorOf("unavailable", "later")],
      ["a bug", new Error("bug")],
    ])("is tried anew after %s: nothing of it is stored", async (_what, error) => {
      const failing = async (tx: Tx) => {
        await add(1)(tx);
        throw error;
      };
      expect(await refusal(store.commit(keyed("k"), failing))).toBe(error);
      expect(await count("pangaea_idempotency")).toBe(0);
      expect(await store.commit(keyed("k"), add(2))).toEqual({ n: 2 });
      expect(await numbers()).toEqual([2]);
    });

    it("is refused with another input, and is another call for another principal, procedure or key", async () => {
      await store.commit(keyed("k"), add(1));
      const error = await refusal(store.commit(keyed("k", "other input"), add(2)));
      expect(error).toMatchObject({ reason: "IDEMPOTENCY_KEY_REUSED", domain: "pangaea" });
      await store.commit(keyed("k", "other input", "somebody"), add(3));
      await store.commit(keyed("k2"), add(4));
      const elsewhere = contextOf();
      elsewhere.local.set(keyedCall, { procedure: "things.drop", principal: "", key: "k", inputHash: "x" });
      await store.commit(elsewhere, add(5));
      expect(await numbers()).toEqual([1, 3, 4, 5]);
    });

    it("is remembered for 24 hours and not longer", async () => {
      await store.commit(keyed("k"), add(1));
      clock.jump(dayMs - 1);
      expect(await store.commit(keyed("k"), add(2))).toEqual({ n: 1 });
      clock.jump(1);
      expect(await store.commit(keyed("k", "other input"), add(3))).toEqual({ n: 3 });
      expect(await store.commit(keyed("k", "other input"), add(4))).toEqual({ n: 3 });
      expect(await numbers()).toEqual([1, 3]);
    });

    it("is bound to its first commit: a second one in the same call is its own", async () => {
      const context = keyed("k");
      await store.commit(context, add(1));
      await store.commit(context, add(2));
      expect([await numbers(), await count("pangaea_idempotency")]).toEqual([[1, 2], 1]);
    });
  });

  describe("a handled event", () => {
    const delivery = (id = "e1", method = "others.made") => contextOf({ event: { id, key: "k", method } });

    it("has its effect once, however often it is delivered", async () => {
      await store.commit(delivery(), add(1));
      expect(await refusal(store.commit(delivery(), add(2)))).toBeInstanceOf(AlreadyHandled);
      expect(await numbers()).toEqual([1]);
      await store.commit(delivery("e2"), add(3));
      await store.commit(delivery("e1", "others.unmade"), add(4));
      expect(await numbers()).toEqual([1, 3, 4]);
    });

    it("is not marked as handled where its effect failed", async () => {
      await refusal(store.commit(delivery(), () => Promise.reject(new Error("bug"))));
      expect(await count("pangaea_inbox")).toBe(0);
      await store.commit(delivery(), add(1));
      expect([await numbers(), await count("pangaea_inbox")]).toEqual([[1], 1]);
    });

    it("may be handled in two commits of one delivery", async () => {
      const context = delivery();
      await store.commit(context, add(1));
      await store.commit(context, add(2));
      expect(await numbers()).toEqual([1, 2]);
    });
  });

  describe("a module's database", () => {
    it("shows readers what is committed and nothing else", async () => {
      await store.commit(contextOf(), async (tx) => {
        await add(1)(tx);
        expect(await numbers()).toEqual([]);
      });
      expect(await numbers()).toEqual([1]);
    });

    it("survives a power cut: every commit is flushed before it is acknowledged", async () => {
      await store.close();
      store = await open(true);
      const [question, answer] = {
        sqlite: [sql`pragma synchronous`, { synchronous: 2 }] as const,
        postgres: [sql`show synchronous_commit`, { synchronous_commit: "on" }] as const,
      }[kind];
      expect((await store.record((db) => question.execute(db))).rows).toEqual([answer]);
    });

    it("is brought up to date where an older version made it, and keeps what it has", async () => {
      await store.close();
      place.remove();
      place = newPlace();
      const backend = await place.open();
      const older = [frameworkMigrations(kind)[0]!, ...migrations];
      for (const { up } of older) await up(backend.write);
      await sql`create table pangaea_migration (name text primary key, timestamp text not null)`.execute(backend.write);
      for (const { name } of older)
        await sql`insert into pangaea_migration values (${name}, '2026-01-01T00:00:00.000Z')`.execute(backend.write);
      await sql`insert into pangaea_inbox values ('others.made', 'e1', 1)`.execute(backend.write);
      await sql`insert into numbers values (7)`.execute(backend.write);
      await backend.close();
      store = await open();
      const delivery = contextOf({ event: { id: "e1", key: "k", method: "others.made" } });
      expect(await refusal(store.commit(delivery, add(1)))).toBeInstanceOf(AlreadyHandled);
      expect(await numbers()).toEqual([7]);
    });

    it("is refused where a newer version has changed it, by name", async () => {
      await store.record((db) =>
        db
          .insertInto("pangaea_migration" as never)
          .values({ name: "0002-later", timestamp: "" })
          .execute(),
      );
      await store.close();
      const error = await refusal(open());
      expect(error.message).toBe(
        "module things: its database was changed by newer code (0002-later); run that version or newer.",
      );
      place.remove();
      place = newPlace();
      store = await open();
    });
  });
});
