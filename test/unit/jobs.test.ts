import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CallContext,
  type CallOptions,
  cron,
  defineContract,
  defineJob,
  errorOf,
  every,
  fail,
  idempotent,
  rootContext,
  type SagaReference,
  silentLogger,
  type Tx,
} from "pangaea";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Schedule } from "../../src/saga/define-schedule.js";
import { SagaOperator } from "../../src/saga/saga-operator.js";
import { SagaRunner } from "../../src/saga/saga-runner.js";
import { ScheduleRunner } from "../../src/saga/schedule-runner.js";
import { sendSaga } from "../../src/saga/send.js";
import type { ModuleStore } from "../../src/storage/module-store.js";
import { HandClock } from "./hand-clock.js";
import { openStore } from "./open-store.js";

const hourMs = 3_600_000;
const Input = z.object({ n: z.int() });
const procedure = idempotent({ input: Input, output: z.object({}) });
const post = defineContract("post", 1, {
  procedures: { deliver: procedure },
  errors: { NOBODY_HOME: { code: "failed_precondition" } },
});
const stranger = defineContract("stranger", 1, { procedures: { ask: procedure } });
const shop = defineContract("shop", 1, { procedures: {}, errors: { CLOSED: { code: "failed_precondition" } } });

/** What jobs and schedules of the module do, and what comes of it in its own data. */
class Office {
  work: (n: number, ctx: CallContext) => Promise<unknown> = () => Promise.resolve();
  readonly seen: unknown[] = [];
  run(n: number, ctx: CallContext): Promise<unknown> {
    this.seen.push(n);
    return this.work(n, ctx);
  }
}
const count = defineJob("count", 1, Input, Office, (office, { n }, ctx) => office.run(n, ctx));

let dataDir: string;
let clock: HandClock;
let store: ModuleStore;
let runner: SagaRunner;
let operator: SagaOperator;
let scheduler: ScheduleRunner;
let office: Office;
let delivered: { n: number; key: string }[];
let answer: () => Promise<object>;

const client = {
  deliver({ n }: { n: number }, _ctx: CallContext, { idempotencyKey }: CallOptions) {
    delivered.push({ n, key: idempotencyKey! });
    return answer();
  },
};

async function open(schedules: readonly Schedule[] = []): Promise<void> {
  store = await openStore({
    module: "shop",
    dataDir,
    clock,
    send: sendSaga([post]),
    listener: { sagaStarted: (name, id) => runner.wake(name, id) },
  });
  const around = { store, clientOf: () => client, resolve: () => office, clock, logger: silentLogger };
  const sagas = [count, sendSaga([post]), ...schedules.map(({ job }) => job)];
  runner = new SagaRunner({ ...around, sagas });
  operator = new SagaOperator(sagas, () => runner, around);
  scheduler = new ScheduleRunner({ ...around, schedules, started: (name, id) => runner.wake(name, id) });
  await runner.recover();
  await scheduler.start();
}

async function close(): Promise<void> {
  scheduler.stop();
  await runner.stop();
  await store.close();
}

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "jobs-"));
  clock = new HandClock();
  [office, delivered, answer] = [new Office(), [], () => Promise.resolve({})];
  await open();
});
afterEach(async () => {
  await close();
  rmSync(dataDir, { recursive: true });
});

const commit = (change: (tx: Tx) => void, ctx: CallContext = rootContext(clock, 60_000)) =>
  store.commit(ctx, async (tx) => change(tx));
const all = () => operator.list(100, true);
const becomes = (phase: string) => clock.until(async () => (await all())[0]?.phase === phase, 700_000, 100);
const refusal = (promise: Promise<unknown>): Promise<any> => promise.catch((error: unknown) => error);
const ann = { by: "ann", why: "mended" };

describe("tx.send", () => {
  const send = (n: number) => commit((tx) => tx.send(post, "deliver", { n }));

  it("calls after the commit, and only then, and leaves nothing behind", async () => {
    const bug = new Error("bug");
    const failed = store.commit(rootContext(clock, 60_000), async (tx) => {
      tx.send(post, "deliver", { n: 1 });
      throw bug;
    });
    expect(await refusal(failed)).toBe(bug);
    await send(2);
    await clock.until(async () => delivered.length > 0 && (await all()).length === 0);
    expect(delivered.map(({ n }) => n)).toEqual([2]);
  });

  it("tries until it succeeds, across restarts, under one key of its own", async () => {
    answer = () => Promise.reject(errorOf("unavailable", "away", { outcome: "not-sent" }));
    await send(1);
    await send(2);
    await clock.until(() => delivered.length > 40, 600_000, 100);
    await close();
    answer = () => Promise.resolve({});
    await open();
    await clock.until(async () => (await all()).length === 0);
    expect(new Set(delivered.map(({ n, key }) => `${n} ${key}`)).size).toBe(2);
  });

  it("is parked where the call is refused, and made again under another key when a person says so", async () => {
    answer = () => Promise.reject(fail(post.errors.NOBODY_HOME));
    await send(1);
    await becomes("parked");
    const { name, id } = (await all())[0]!;
    expect(delivered).toHaveLength(1);
    answer = () => Promise.resolve({});
    await operator.retry(name, id, ann);
    await clock.until(async () => (await all()).length === 0);
    expect(delivered[1]!.key).not.toBe(delivered[0]!.key);
  });

  it("refuses in the commit what could never be called", async () => {
    const wrong = { n: "one" } as unknown as { n: number };
    expect(await refusal(commit((tx) => tx.send(post, "deliver", wrong)))).toMatchObject({ code: "invalid_argument" });
    expect(await refusal(commit((tx) => tx.send(stranger, "ask", { n: 1 })))).toMatchObject({
      message: "stranger version 1 is nothing that this module requires.",
    });
    expect(await all()).toEqual([]);
  });
});

describe("a job", () => {
  const start = (id = "a", job: SagaReference<{ n: number }> = count) => commit((tx) => tx.start(job, id, { n: 7 }));

  it("runs after the commit that starts it, once for an id", async () => {
    await start();
    await becomes("completed");
    await start();
    await start("b");
    await clock.until(async () => (await all()).every(({ phase }) => phase === "completed"));
    expect(office.seen).toEqual([7, 7]);
  });

  it("is tried again after pauses, and parked after its last attempt, until a person takes it up", async () => {
    office.work = () => Promise.reject(new Error("no paper"));
    const before = clock.now();
    await start();
    await becomes("parked");
    expect(office.seen).toHaveLength(10);
    // 1 + 2 + 4 + … + 32 seconds, and three times a minute.
    expect(clock.now() - before).toBeGreaterThan(240_000);
    expect(await operator.show("count", "a")).toMatchObject({ error: "internal: no paper", attempts: 10 });
    office.work = () => Promise.resolve();
    await operator.retry("count", "a", ann);
    await becomes("completed");
  });

  it("has what its first commit does once, also where it runs again after it", async () => {
    office.work = async (n, ctx) => {
      await commit((tx) => tx.send(post, "deliver", { n }), ctx);
      if (office.seen.length < 3) throw new Error("fell over after the commit");
    };
    await start();
    await becomes("completed");
    expect(office.seen).toHaveLength(3);
    expect(delivered.map(({ n }) => n)).toEqual([7]);
  });

  it("is parked at once where it is refused, and asks anew when it is taken up", async () => {
    let isOpen = false;
    office.work = (_n, ctx) =>
      store.commit(ctx, () => (isOpen ? Promise.resolve() : Promise.reject(fail(shop.errors.CLOSED))));
    await start();
    await becomes("parked");
    expect(office.seen).toHaveLength(1);
    isOpen = true;
    await operator.retry("count", "a", ann);
    await becomes("completed");
  });

  it("is ended by an operator where it stands: it has nothing to undo", async () => {
    office.work = () => new Promise(() => {});
    await start();
    await clock.until(() => office.seen.length > 0);
    expect((await operator.abort("count", "a", ann)).phase).toBe("aborted");
  });
});

describe("a schedule", () => {
  let due: string[];
  const note = (_office: Office, { dueAt }: { dueAt: string }) => Promise.resolve(due.push(dueAt));
  const minutely = every("minutely", { minutes: 1 }, Office, note);
  const restart = async (...schedules: Schedule[]) => {
    await close();
    await open(schedules);
  };
  const pass = async (ms: number) => {
    const end = clock.now() + ms;
    await clock.until(() => clock.now() >= end, ms + 10_000, 5_000);
    await clock.until(() => runner.pending === 0);
  };
  beforeEach(() => (due = []));

  it("runs at its distance, also across a restart, and leaves nothing behind", async () => {
    await restart(minutely);
    const begun = clock.wallTime();
    await pass(90_000);
    await restart(minutely);
    await pass(90_000);
    expect(due.map((at) => Date.parse(at) - begun)).toEqual([60_000, 120_000, 180_000]);
    expect(await all()).toEqual([]);
  });

  it("is caught up once, or left out, where the module was down", async () => {
    const skipping = every("skipping", { minutes: 1 }, Office, note, { missed: "skip" });
    for (const [schedule, runs] of [
      [minutely, 1],
      [skipping, 0],
    ] as const) {
      await restart(schedule);
      due = [];
      await close();
      clock.advance(10.5 * 60_000);
      await open([schedule]);
      await pass(20_000);
      expect(due, schedule.name).toHaveLength(runs);
      await pass(60_000);
      expect(due, schedule.name).toHaveLength(runs + 1);
    }
  });

  it("waits for the run before it", async () => {
    let finish!: () => void;
    const slow = every(
      "slow",
      { minutes: 1 },
      Office,
      (_office, { dueAt }) => {
        due.push(dueAt);
        return new Promise<void>((resolve) => (finish = resolve));
      },
      { timeoutMs: hourMs },
    );
    await restart(slow);
    await clock.until(() => due.length > 0, 100_000, 5_000);
    const end = clock.now() + 200_000;
    await clock.until(() => clock.now() > end, 300_000, 5_000);
    expect(due).toHaveLength(1);
    finish();
    await clock.until(() => due.length > 1, 100_000, 5_000);
  });

  it("runs at the moments of a cron expression, in its time zone, with its summer time", async () => {
    const berlin = cron("report", "0 3 * * *", Office, note, { timeZone: "Europe/Berlin" });
    const utc = cron("report", "0 3 * * *", Office, note);
    const at = (text: string) => Date.parse(text);
    expect(new Date(utc.next(at("2026-03-28T10:00:00Z"))).toISOString()).toBe("2026-03-29T03:00:00.000Z");
    expect(new Date(berlin.next(at("2026-03-28T10:00:00Z"))).toISOString()).toBe("2026-03-29T01:00:00.000Z");
    expect(new Date(berlin.next(at("2026-03-27T10:00:00Z"))).toISOString()).toBe("2026-03-28T02:00:00.000Z");
    await restart(utc);
    await clock.until(() => due.length === 2, 3 * 24 * hourMs, 60_000);
    expect(due.map((text) => text.slice(11))).toEqual(["03:00:00.000Z", "03:00:00.000Z"]);
  });

  it("goes on by its distance where the wall clock is set back, and begins anew where its rule changes", async () => {
    await restart(minutely);
    clock.jump(-hourMs);
    await pass(130_000);
    expect(due.length).toBeGreaterThan(0);
    const hourly = every("minutely", { hours: 1 }, Office, note);
    await restart(hourly);
    due = [];
    await pass(300_000);
    expect(due).toEqual([]);
  });

  it("is refused where it would never come, or without end", () => {
    expect(() => cron("x", "61 * * * *", Office, note)).toThrow('schedule x: "61 * * * *" in UTC: ');
    expect(() => cron("x", "0 0 30 2 *", Office, note)).toThrow('schedule x: "0 0 30 2 *" in UTC: ');
    expect(() => cron("x", "0 3 * * *", Office, note, { timeZone: "Mars" })).toThrow(
      'schedule x: "0 3 * * *" in Mars: ',
    );
    expect(() => every("x", {}, Office, note)).toThrow("schedule x: a period is a second or longer");
  });
});
