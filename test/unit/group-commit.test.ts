import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import BetterSqlite from "better-sqlite3";
import type { Kysely } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GroupCommit } from "../../src/storage/group-commit.js";
import type { Backend } from "../../src/storage/backend.js";
import { run } from "../../src/storage/run.js";
import { openSqlite } from "../../src/storage/sqlite.js";
import { HandClock } from "./hand-clock.js";

let folder: string;
let file: string;
let clock: HandClock;
let backend: Backend;
let begun: boolean[];
let commits: GroupCommit;
let guard: () => Promise<void>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "group-commit-"));
  file = join(folder, "things.db");
  clock = new HandClock();
  begun = [];
  guard = () => Promise.resolve();
  const opened = openSqlite(file);
  backend = {
    ...opened,
    async begin(db, relaxed) {
      await opened.begin(db, relaxed);
      begun.push(relaxed);
    },
  };
  commits = new GroupCommit(backend, clock, () => guard());
  await commits.run((db) => run(db, "create table numbers (n integer)"));
  begun = [];
});
afterEach(async () => {
  await backend.close();
  rmSync(folder, { recursive: true });
});

const add = (n: number) => (db: Kysely<any>) => run(db, "insert into numbers values (?)", [n]);
const numbers = async () => (await run<{ n: number }>(backend.read, "select n from numbers")).rows.map(({ n }) => n);
const outcome = (change: Promise<unknown>): Promise<any> =>
  change.then(
    () => "done",
    (error: unknown) => error,
  );

describe("group commit", () => {
  it("lets changes that wait at one moment share a transaction, and settles none before its end", async () => {
    const settled: number[] = [];
    const changes = [1, 2, 3].map((n) =>
      commits
        .run(async (db) => {
          expect(settled).toEqual([]);
          expect(await numbers()).toEqual([]);
          await add(n)(db);
        })
        .then(() => settled.push(n)),
    );
    await Promise.all(changes);
    expect([await numbers(), begun.length, settled]).toEqual([[1, 2, 3], 1, [1, 2, 3]]);
  });

  it("undoes a change that fails and keeps its neighbours", async () => {
    const bug = new Error("bug");
    const outcomes = await Promise.all([
      outcome(commits.run(add(1))),
      outcome(
        commits.run(async (db) => {
          await add(2)(db);
          throw bug;
        }),
      ),
      outcome(commits.run((db) => run(db, "insert into nowhere values (1)"))),
      outcome(commits.run(add(3))),
    ]);
    expect(outcomes[1]).toBe(bug);
    expect(String(outcomes[2])).toContain("no such table: nowhere");
    expect([outcomes[0], outcomes[3], await numbers(), begun.length]).toEqual(["done", "done", [1, 3], 1]);
  });

  it("flushes to the disk as soon as one change of a transaction needs it", async () => {
    await Promise.all([commits.run(add(1), { relaxed: true }), commits.run(add(2), { relaxed: true })]);
    await Promise.all([commits.run(add(3), { relaxed: true }), commits.run(add(4))]);
    expect(begun).toEqual([true, false]);
    expect(await numbers()).toEqual([1, 2, 3, 4]);
  });

  it("never lets a durable change into a transaction that is not flushed", async () => {
    let second: Promise<unknown> | undefined;
    await commits.run(
      async (db) => {
        await add(1)(db);
        second = commits.run(add(2));
      },
      { relaxed: true },
    );
    await second;
    expect(begun).toEqual([true, false]);
  });

  it("waits for a lock without blocking the process, as long as somebody waits for it", async () => {
    const other = new BetterSqlite(file);
    other.exec("begin immediate");
    const late = outcome(commits.run(add(1), { deadline: clock.now() + 1_000 }));
    const patient = outcome(commits.run(add(2), { deadline: clock.now() + 60_000 }));
    let answer: unknown;
    void late.then((error) => (answer = error));
    await clock.until(() => answer !== undefined, 5_000, 20);
    expect(answer).toMatchObject({ code: "unavailable", outcome: "not-executed" });
    other.exec("commit");
    other.close();
    let done = false;
    void patient.then(() => (done = true));
    await clock.until(() => done, 5_000, 20);
    expect(await numbers()).toEqual([2]);
  });

  it("gives up a change that does not come to an end, and goes on with the next", async () => {
    const stuck = outcome(
      commits.run(async (db) => {
        await add(1)(db);
        await new Promise(() => {});
      }),
    );
    const next = outcome(commits.run(add(2)));
    let settled = false;
    void next.then(() => (settled = true));
    await clock.until(() => settled, 10_000);
    expect(await stuck).toMatchObject({ code: "deadline_exceeded" });
    expect(await numbers()).toEqual([2]);
  });

  it("does nothing where the guard refuses, and says so to everybody who waits", async () => {
    const refusal = new Error("not the owner");
    guard = () => Promise.reject(refusal);
    expect(await Promise.all([1, 2].map((n) => outcome(commits.run(add(n)))))).toEqual([refusal, refusal]);
    guard = () => Promise.resolve();
    await commits.run(add(3));
    expect(await numbers()).toEqual([3]);
  });

  it("says of a full disk that nothing was done, and goes on when there is room again", async () => {
    await commits.run((db) => run(db, "pragma max_page_count = 3"));
    const blob = "x".repeat(100_000);
    await commits.run((db) => run(db, "create table if not exists texts (t text)")).catch(() => undefined);
    const fill = (db: Kysely<any>) => run(db, "insert into numbers values (?)", [blob]);
    const outcomes = await Promise.all([outcome(commits.run(add(1))), outcome(commits.run(fill))]);
    for (const each of outcomes) expect(each).toMatchObject({ code: "resource_exhausted", outcome: "not-executed" });
    expect(await numbers()).toEqual([]);
    await outcome(commits.run((db) => run(db, "pragma max_page_count = 1000000")));
    await commits.run(add(2));
    expect(await numbers()).toEqual([2]);
  });
});
