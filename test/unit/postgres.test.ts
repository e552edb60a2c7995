import { type Kysely, sql } from "kysely";
import { defineContract, event, rootContext, systemClock } from "pangaea";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { ModuleStore } from "../../src/storage/module-store.js";
import { DatabaseRefused, openPostgres } from "../../src/storage/postgres.js";
import { run } from "../../src/storage/run.js";
import { type PostgresServer, startPostgresServer } from "../../src/testing/postgres-server.js";
import { newSchema, postgresMissing } from "../setup/test-postgres.js";
import { type CuttingProxy, cuttingProxy } from "./cutting-proxy.js";
import { HandClock } from "./hand-clock.js";
import { openStore } from "./open-store.js";

const things = defineContract("things", 1, {
  procedures: {},
  events: { made: event({ payload: z.object({ n: z.int() }), key: () => "", delivery: "at-least-once" }) },
});
const migrations = [
  {
    name: "0001-numbers",
    up: (db: Kysely<any>) => db.schema.createTable("numbers").addColumn("n", "bigint").execute(),
  },
];

let server: PostgresServer;
let proxy: CuttingProxy;
let schema: string;
let opened: ModuleStore[];
let lost: string[];

const ctx = (deadlineMs = 30_000) => rootContext(systemClock, deadlineMs);
const outcome = (promise: Promise<unknown>): Promise<any> => promise.catch((error: unknown) => error);
const urlAt = (port: number) => `postgres://pangaea@127.0.0.1:${port}/postgres`;

async function open(name = "replica", { clock = systemClock, port = server.port } = {}): Promise<ModuleStore> {
  const store = await openStore({
    module: "things",
    migrations,
    backend: await openPostgres({ url: urlAt(port), schema }),
    clock,
    listener: { ownershipLost: () => lost.push(name) },
  });
  opened.push(store);
  return store;
}
const add = (store: ModuleStore, n: number) =>
  store.commit(ctx(), async (tx) => {
    await store.in(tx).insertInto("numbers").values({ n }).execute();
    tx.emit(things.events.made, { n });
  });
const numbers = async (store: ModuleStore): Promise<number[]> =>
  (await store.read.selectFrom("numbers").select("n").orderBy("n").execute()).map(({ n }) => n as number);
const eventually = async (holds: () => Promise<boolean> | boolean) => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
};

describe.skipIf(postgresMissing !== undefined)("a module's data on PostgreSQL", { timeout: 180_000 }, () => {
  beforeAll(async () => {
    server = await startPostgresServer();
    proxy = await cuttingProxy(server.port);
  });
  afterAll(async () => {
    await proxy?.close();
    await server?.stop();
  });
  beforeEach(() => {
    schema = newSchema();
    [opened, lost] = [[], []];
  });
  afterEach(async () => {
    proxy.cutAfter(undefined);
    await Promise.all(opened.map((store) => store.close()));
  });

  it("has events in the order of their commits, whichever replica made them: what a reader has seen stays in front", async () => {
    const stores = [await open("one"), await open("two")];
    const seen: number[] = [];
    const written = new AbortController();
    const reading = (async () => {
      while (!written.signal.aborted) {
        const rows = await stores[0]!.framework.selectFrom("pangaea_outbox").select("position").execute();
        const after = seen.at(-1) ?? 0;
        const fresh = rows.map(({ position }) => position!).filter((position) => !seen.includes(position));
        expect(fresh.filter((position) => position < after)).toEqual([]);
        seen.push(...fresh.toSorted((a, b) => a - b));
      }
    })();
    for (let round = 0; round < 10; round++) {
      await Promise.all(stores.flatMap((store, at) => [0, 1, 2].map((n) => add(store, round * 10 + at * 3 + n))));
    }
    written.abort();
    await reading;
    expect(await numbers(stores[1]!)).toHaveLength(60);
  });

  it("undoes a change that fails and keeps its neighbours in the same transaction", async () => {
    const store = await open();
    const wrong = store.commit(ctx(), async (tx) => {
      await store.in(tx).insertInto("numbers").values({ n: 2 }).execute();
      await sql`select * from nowhere`.execute(store.in(tx));
    });
    const outcomes = await Promise.all([outcome(add(store, 1)), outcome(wrong), outcome(add(store, 3))]);
    expect(String(outcomes[1])).toContain('relation "nowhere" does not exist');
    expect(await numbers(store)).toEqual([1, 3]);
  });

  it("is not acknowledged where a change swallowed the error that spoilt its transaction", async () => {
    const store = await open();
    const swallowing = store.commit(ctx(), async (tx) => {
      await outcome(sql`select * from nowhere`.execute(store.in(tx)));
    });
    expect(String(await outcome(swallowing))).toContain("aborted");
    await add(store, 1);
    expect(await numbers(store)).toEqual([1]);
  });

  it("lets one replica do the work that is done for all, and the next one when that has left", async () => {
    const [one, two] = [await open("one"), await open("two")];
    expect(await one.own(new AbortController().signal)).toBe(true);
    const waiting = two.own(new AbortController().signal);
    await add(two, 1);
    expect(await outcome(two.update((db) => run(db, "delete from pangaea_outbox")))).toMatchObject({
      code: "unavailable",
      outcome: "not-executed",
    });
    await one.close();
    expect(await waiting).toBe(true);
    await two.update((db) => run(db, "delete from pangaea_outbox"));
    const giveUp = new AbortController();
    const third = (await open("three")).own(giveUp.signal);
    giveUp.abort();
    expect(await third).toBe(false);
  });

  it("keeps a replica that was paused for too long from doing that work, and lets it serve calls as before", async () => {
    // A clock that stands still shows no sign of life.
    const paused = await open("paused", { clock: new HandClock() });
    const other = await open("other");
    const never = new AbortController().signal;
    expect(await paused.own(never)).toBe(true);
    expect(await other.own(never)).toBe(true);
    const refusals = [
      await outcome(paused.update((db) => run(db, "delete from pangaea_outbox"))),
      await outcome(paused.commitAsOwner(ctx(), () => Promise.resolve())),
    ];
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: "unavailable", outcome: "not-executed" });
    expect(lost).toEqual(["paused"]);
    await paused.commit(ctx(), async (tx) => {
      await paused.in(tx).insertInto("numbers").values({ n: 1 }).execute();
    });
    expect(await numbers(other)).toEqual([1]);
  });

  it("goes on without a replica that stopped inside its transaction: the server ends that after seconds", async () => {
    const store = await open();
    const stopped = await openPostgres({ url: server.url, schema });
    try {
      await stopped.write.connection().execute(async (db) => {
        await stopped.begin(db, false);
        await add(store, 1);
        const late = await outcome(stopped.commit(db));
        expect(late).toMatchObject({ code: "unavailable" });
      });
    } finally {
      await stopped.close();
    }
    expect(await numbers(store)).toEqual([1]);
  });

  it("says that nobody knows whether a commit was made whose answer was lost", async () => {
    const store = await open("far", { port: proxy.port });
    await add(store, 1);
    proxy.cutAfter("commit");
    expect(await outcome(add(store, 2))).toMatchObject({ code: "unavailable", outcome: "unknown" });
    proxy.cutAfter(undefined);
    await add(store, 3);
    expect(await numbers(store)).toEqual([1, 2, 3]);
  });

  it("says that nothing was done where the connection was lost before the commit", async () => {
    const store = await open("far", { port: proxy.port });
    proxy.cutAfter("insert into");
    expect(await outcome(add(store, 1))).toMatchObject({ code: "unavailable", outcome: "not-executed" });
    proxy.cutAfter(undefined);
    expect(await numbers(store)).toEqual([]);
  });

  it("is away while the server is, and goes on by itself when that is back, with everything that was acknowledged", async () => {
    const store = await open();
    await store.own(new AbortController().signal);
    await add(store, 1);
    await server.kill();
    expect(await outcome(add(store, 2))).toMatchObject({ code: "unavailable", outcome: "not-executed" });
    expect(await outcome(numbers(store))).toMatchObject({ code: "unavailable", outcome: "not-executed" });
    expect(await outcome(openPostgres({ url: server.url, schema }))).toMatchObject({ code: "unavailable" });
    await server.restart();
    await eventually(async () => (await outcome(add(store, 3))) === undefined);
    expect(await numbers(store)).toEqual([1, 3]);
    await store.update((db) => run(db, "delete from pangaea_outbox"));
  });

  it("gives numbers as numbers, whatever they are called in the database", async () => {
    const store = await open();
    await add(store, 2 ** 52);
    const { rows } = await sql<object>`select n, sum(n) as sum, count(*) as count from numbers group by n`.execute(
      store.read,
    );
    expect(rows).toEqual([{ n: 2 ** 52, sum: 2 ** 52, count: 1 }]);
  });

  it("names the database that refuses it, and no password", async () => {
    const url = `postgres://pangaea:secret@127.0.0.1:${server.port}/nowhere`;
    const error = await outcome(openPostgres({ url, schema }));
    expect(error).toBeInstanceOf(DatabaseRefused);
    expect(error.message).toContain(`127.0.0.1:${server.port}/nowhere`);
    expect(error.message).not.toContain("secret");
  });

  it("is brought up to date once, also where all replicas start at one moment", async () => {
    const stores = await Promise.all([open("one"), open("two"), open("three")]);
    await Promise.all(stores.map((store, n) => add(store, n)));
    expect(await numbers(stores[0])).toEqual([0, 1, 2]);
  });
});
