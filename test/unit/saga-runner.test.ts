import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CallContext,
  type CallOptions,
  type Context,
  defineContract,
  defineSaga,
  errorOf,
  fail,
  idempotent,
  type Logger,
  rootContext,
  type SagaReference,
  silentLogger,
} from "pangaea";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { SagaRunner } from "../../src/saga/saga-runner.js";
import type { Saga } from "../../src/saga/define-saga.js";
import type { ModuleStore } from "../../src/storage/module-store.js";
import { HandClock } from "./hand-clock.js";
import { openStore } from "./open-store.js";

const Input = z.object({ id: z.string() });
const procedure = idempotent({ input: Input, output: z.object({ receipt: z.string() }) });
const stock = defineContract("stock", 1, {
  procedures: { take: procedure, giveBack: procedure },
  errors: { NONE_LEFT: { code: "failed_precondition" } },
});
const money = defineContract("money", 1, { procedures: { charge: procedure, refund: procedure } });

/** What happens in the module's own data when a saga ends. */
class Endings {
  readonly log: string[] = [];
  failure: unknown;
  end(how: string, why?: { reason?: string; code: string }): Promise<void> {
    this.log.push(why === undefined ? how : `${how}: ${why.reason ?? why.code}`);
    return this.failure === undefined ? Promise.resolve() : Promise.reject(this.failure);
  }
}

const State = z.object({ id: z.string(), receipt: z.string().optional() });
const buy = defineSaga("buy", 1, State)
  .requiring({ stock, money })
  .step("take", {
    run: ({ id }, clients, ctx) => clients.stock.take({ id }, ctx),
    undo: ({ id }, clients, ctx) => clients.stock.giveBack({ id }, ctx),
  })
  .step("charge", {
    run: ({ id }, clients, ctx) => clients.money.charge({ id }, ctx),
    keep: ({ receipt }) => ({ receipt }),
    undo: ({ id }, clients, ctx) => clients.money.refund({ id }, ctx),
  })
  .step("note", {
    run: ({ id, receipt }, clients, ctx) => clients.stock.take({ id: `${id} ${receipt}` }, ctx),
    undo: () => Promise.resolve(),
  })
  .onCompleted(Endings, (endings, _tx, { receipt }) => endings.end(`completed with ${receipt}`))
  .onCompensated(Endings, (endings, _tx, _state, failure) => endings.end("compensated", failure));

let dataDir: string;
let clock: HandClock;
let store: ModuleStore;
let runner: SagaRunner;
let endings: Endings;
/** Every call of a step, as `service.method id`. */
let calls: string[];
let keys: string[];
/** What the neighbours answer: by default a receipt. Keyed as `service.method`. */
let answers: Record<string, (ctx: CallContext) => Promise<{ receipt: string }>>;
let logged: string[];

const clientOf = ({ name, procedures }: { name: string; procedures: object }) =>
  Object.fromEntries(
    Object.keys(procedures).map((method) => [
      method,
      (input: { id: string }, ctx: CallContext, options: CallOptions) => {
        calls.push(`${name}.${method} ${input.id}`);
        keys.push(options.idempotencyKey!);
        return (answers[`${name}.${method}`] ?? (() => Promise.resolve({ receipt: "r1" })))(ctx);
      },
    ]),
  );

/** A logger that needs to be called as a method, as classes do. */
class ListLogger implements Logger {
  readonly lines = logged;
  readonly debugging = true;
  debug() {
    this.lines.push("debug");
  }
  info() {
    this.lines.push("info");
  }
  warn(message: string) {
    this.lines.push(message);
  }
  error(message: string) {
    this.lines.push(message);
  }
  child() {
    return this;
  }
}

const newRunner = (sagas: readonly Saga[] = [buy], logger: Logger = silentLogger) =>
  new SagaRunner({ store, sagas, clientOf, resolve: () => endings, clock, logger });

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "saga-runner-"));
  clock = new HandClock();
  [calls, keys, logged, answers, endings] = [[], [], [], {}, new Endings()];
  store = await openStore({
    module: "shop",
    dataDir,
    clock,
    listener: { sagaStarted: (name, id) => runner.wake(name, id) },
  });
  runner = newRunner();
});
afterEach(async () => {
  await runner.stop();
  await store.close();
  rmSync(dataDir, { recursive: true });
});

/** The only timer of a store at rest. */
const heartbeat = 1;
const context = (deadlineMs = 600_000): Context => rootContext(clock, deadlineMs);
const start = (id = "1", saga: SagaReference = buy) =>
  store.commit(context(), async (tx) => tx.start(saga, id, { id }));
const row = async (id = "1") =>
  store.framework.selectFrom("pangaea_saga").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
const phaseBecomes = (phase: string, id = "1") => clock.until(async () => (await row(id)).phase === phase, 120_000);

const unavailable = () => Promise.reject(errorOf("unavailable", "away", { outcome: "not-sent" }));
const refused = () => Promise.reject(fail(stock.errors.NONE_LEFT));
const never = (ctx: CallContext) =>
  new Promise<never>((_, reject) => ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason as Error)));

describe("a saga", () => {
  it("runs its steps in order, hands on what they keep, and ends in its owner's data", async () => {
    await start();
    const result = await runner.settled(buy, "1", context());
    expect(result).toEqual({ status: "completed", failure: undefined });
    expect(calls).toEqual(["stock.take 1", "money.charge 1", "stock.take 1 r1"]);
    expect(endings.log).toEqual(["completed with r1"]);
    expect(keys).toEqual(
      ["take/run/stock.take/1", "charge/run/money.charge/1", "note/run/stock.take/1"].map((key) => `saga/buy/1/${key}`),
    );
  });

  it("undoes what was done, in reverse, where a step is refused, and says why", async () => {
    answers["stock.take"] = () => (calls.length > 2 ? refused() : Promise.resolve({ receipt: "r1" }));
    await start();
    const result = await runner.settled(buy, "1", context());
    expect(result).toMatchObject({ status: "compensated", failure: { reason: "NONE_LEFT", domain: "stock" } });
    // The refused step had no effect.
    expect(calls).toEqual(["stock.take 1", "money.charge 1", "stock.take 1 r1", "money.refund 1", "stock.giveBack 1"]);
    expect(endings.log).toEqual(["compensated: NONE_LEFT"]);
    expect(keys.slice(-2)).toEqual(["saga/buy/1/charge/undo/money.refund/1", "saga/buy/1/take/undo/stock.giveBack/1"]);
  });

  it("undoes also the step that failed, where nobody knows what that step has done", async () => {
    answers["money.charge"] = () => Promise.reject(errorOf("internal", "broken", { outcome: "failed" }));
    await start();
    expect((await runner.settled(buy, "1", context())).status).toBe("compensated");
    expect(calls).toEqual(["stock.take 1", "money.charge 1", "money.refund 1", "stock.giveBack 1"]);
  });

  describe("whose first step cannot be taken back", () => {
    const giveBack = defineSaga("give-back", 1, State)
      .requiring({ stock, money })
      .step("refund", { run: ({ id }, clients, ctx) => clients.money.refund({ id }, ctx) })
      .step("restock", { run: ({ id }, clients, ctx) => clients.stock.giveBack({ id }, ctx) })
      .onCompleted(Endings, (endings) => endings.end("given back"))
      .onCompensated(Endings, (endings) => endings.end("never mind"));

    beforeEach(() => {
      runner = newRunner([giveBack]);
    });

    it("goes on for as long as it takes once that step is done", async () => {
      answers["stock.giveBack"] = () => (clock.now() < 300_000 ? unavailable() : Promise.resolve({ receipt: "" }));
      await start("1", giveBack);
      await clock.until(async () => (await row()).phase === "completed", 400_000, 1_000);
      expect(endings.log).toEqual(["given back"]);
    });

    it.each([
      ["a refusal", refused],
      ["a bug", () => Promise.reject(errorOf("internal", "broken", { outcome: "failed" }))],
    ])("is left to a person after %s, and never ends as if nothing had been done", async (_what, answer) => {
      answers["stock.giveBack"] = answer;
      await start("1", giveBack);
      await phaseBecomes("parked");
      expect(endings.log).toEqual([]);
    });

    it("turns back where that step was refused: nothing has been done", async () => {
      answers["money.refund"] = refused;
      await start("1", giveBack);
      await phaseBecomes("compensated");
      expect(endings.log).toEqual(["never mind"]);
    });
  });

  it("undoes every step where its own ending fails", async () => {
    endings.failure = new Error("bug");
    await start();
    await clock.until(() => endings.log.length > 1);
    endings.failure = undefined;
    await phaseBecomes("compensated");
    expect(calls.slice(3)).toEqual(["money.refund 1", "stock.giveBack 1"]);
  });

  it("tries a step again, under the same key, while the failure may pass", async () => {
    answers["money.charge"] = () => (calls.length < 6 ? unavailable() : Promise.resolve({ receipt: "late" }));
    await start();
    await phaseBecomes("completed");
    expect(calls.filter((call) => call === "money.charge 1")).toHaveLength(5);
    expect(new Set(keys.slice(1, -1))).toEqual(new Set(["saga/buy/1/charge/run/money.charge/1"]));
    expect(endings.log).toEqual(["completed with late"]);
  });

  it("turns back where a step does not succeed for a minute", async () => {
    answers["money.charge"] = unavailable;
    await start();
    const before = clock.now();
    await phaseBecomes("compensated");
    expect(clock.now() - before).toBeGreaterThan(60_000);
    expect(clock.now() - before).toBeLessThan(70_000);
    expect(endings.log).toEqual(["compensated: unavailable"]);
  });

  it("tries its compensation until it succeeds, however long that takes", async () => {
    answers["money.charge"] = refused;
    answers["stock.giveBack"] = () => (clock.now() < 300_000 ? unavailable() : Promise.resolve({ receipt: "" }));
    await start();
    await clock.until(async () => (await row()).phase === "compensated", 400_000, 1_000);
    expect(endings.log).toEqual(["compensated: NONE_LEFT"]);
  });

  it("is parked for a person where its compensation is refused", async () => {
    answers["money.charge"] = refused;
    answers["stock.giveBack"] = refused;
    await start();
    const result = await runner.settled(buy, "1", context());
    expect(result).toMatchObject({ status: "parked", failure: { reason: "NONE_LEFT" } });
    expect([endings.log, runner.pending]).toEqual([[], 0]);
    await runner.recover();
    expect(runner.pending).toBe(0);
  });

  it("goes on after a restart at the step where it stood, under the same keys", async () => {
    answers["money.charge"] = never;
    await start();
    await clock.until(() => calls.length === 2);
    await runner.stop();
    expect(await row()).toMatchObject({ phase: "forward", step: 1 });
    delete answers["money.charge"];
    runner = newRunner();
    await runner.recover();
    await phaseBecomes("completed");
    expect(calls).toEqual(["stock.take 1", "money.charge 1", "money.charge 1", "stock.take 1 r1"]);
    expect(keys[2]).toBe(keys[1]);
  });

  it("goes on undoing after a restart", async () => {
    answers["money.charge"] = () => Promise.reject(errorOf("internal", "broken"));
    answers["stock.giveBack"] = never;
    await start();
    await clock.until(() => calls.length === 4);
    await runner.stop();
    delete answers["stock.giveBack"];
    runner = newRunner();
    await runner.recover();
    await phaseBecomes("compensated");
    expect(calls.slice(2)).toEqual(["money.refund 1", "stock.giveBack 1", "stock.giveBack 1"]);
    expect(endings.log).toEqual(["compensated: internal"]);
  });

  it("is run once, however often it is woken", async () => {
    await start();
    for (let time = 0; time < 5; time++) runner.wake("buy", "1");
    await start();
    await runner.recover();
    await phaseBecomes("completed");
    runner.wake("buy", "1");
    await clock.until(() => runner.pending === 0);
    expect(calls).toHaveLength(3);
    expect(endings.log).toHaveLength(1);
  });

  it("waits for a place among a few hundred, and gets one", async () => {
    for (let id = 0; id < 300; id++) {
      answers["stock.take"] = never;
      await start(`${id}`);
    }
    expect(runner.pending).toBe(300);
    await clock.until(() => calls.length === 256);
    answers = {};
    // The steps that hang come to their deadline by the client's stack, which is not here: they are stopped and resumed.
    await runner.stop();
    runner = newRunner();
    await runner.recover();
    await clock.until(() => endings.log.length === 300);
    await clock.until(() => runner.pending === 0);
  });

  it("says in the log that a step is not getting on, and the log may be any logger", async () => {
    runner = newRunner([buy], new ListLogger());
    answers["stock.take"] = () => (calls.length < 8 ? unavailable() : Promise.resolve({ receipt: "" }));
    await start();
    await phaseBecomes("completed");
    expect(logged.filter((line) => line !== "debug")).toEqual(["A saga's step is tried again."]);
  });
});

describe("waiting for a saga", () => {
  it("ends a little before the deadline, with the saga still running", async () => {
    answers["stock.take"] = never;
    await start();
    const waiting = runner.settled(buy, "1", context(1_000));
    let result: unknown;
    void waiting.then((settled) => (result = settled));
    await clock.until(() => result !== undefined, 1_000, 10);
    expect(result).toEqual({ status: "running", failure: undefined });
    expect(clock.now()).toBeGreaterThanOrEqual(700);
    expect(clock.now()).toBeLessThan(1_000);
    expect(clock.timers).toBe(heartbeat);
  });

  it("ends when the caller gives up", async () => {
    answers["stock.take"] = never;
    await start();
    const ctx = context();
    const waiting = runner.settled(buy, "1", ctx);
    ctx.cancellation.cancel();
    expect((await waiting).status).toBe("running");
  });

  it("may be done by many at once, and by one who comes when it is over", async () => {
    await start();
    const all = await Promise.all([1, 2, 3].map(() => runner.settled(buy, "1", context())));
    expect(all.map(({ status }) => status)).toEqual(["completed", "completed", "completed"]);
    expect((await runner.settled(buy, "1", context())).status).toBe("completed");
    expect(clock.timers).toBe(heartbeat);
  });

  it("is refused for one that was never started", async () => {
    await expect(runner.settled(buy, "nobody", context())).rejects.toMatchObject({ code: "not_found" });
  });

  it("does not turn in circles where this version of the module cannot run it", async () => {
    runner = newRunner([], new ListLogger());
    await start();
    const waiting = runner.settled(buy, "1", context(1_000));
    let result: unknown;
    void waiting.then((settled) => (result = settled));
    await clock.until(() => result !== undefined, 1_000, 10);
    expect(result).toMatchObject({ status: "running" });
    expect(logged.length).toBeLessThan(5);
    expect(logged[0]).toBe("Saga buy/1 was started by version 1, which this module no longer has.");
  });
});

it("leaves no trace of a step behind, although the module runs for months", async () => {
  const followed: CallContext[] = [];
  answers["stock.take"] = (ctx) => {
    followed.push(ctx);
    return Promise.resolve({ receipt: "r1" });
  };
  await start();
  await phaseBecomes("completed");
  await runner.stop();
  // What had settled before no longer follows the module's end.
  expect(followed).toHaveLength(2);
  expect(followed.map((ctx) => ctx.signal.aborted)).toEqual([false, false]);
});
