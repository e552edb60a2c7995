import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CallContext,
  type CallOptions,
  defineContract,
  defineSaga,
  errorOf,
  fail,
  idempotent,
  rootContext,
  silentLogger,
} from "pangaea";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Saga } from "../../src/saga/define-saga.js";
import { SagaOperator } from "../../src/saga/saga-operator.js";
import { SagaRunner } from "../../src/saga/saga-runner.js";
import type { ModuleStore } from "../../src/storage/module-store.js";
import { HandClock } from "./hand-clock.js";
import { openStore } from "./open-store.js";

const State = z.object({ id: z.string() });
const procedure = idempotent({ input: State, output: z.object({}) });
const stock = defineContract("stock", 1, {
  procedures: { take: procedure, giveBack: procedure, ship: procedure },
  errors: { CLOSED: { code: "failed_precondition" } },
});

class Endings {
  readonly log: string[] = [];
  end(how: string): Promise<void> {
    this.log.push(how);
    return Promise.resolve();
  }
}

const sell = defineSaga("sell", 1, State)
  .requiring({ stock })
  .step("take", {
    run: (state, clients, ctx) => clients.stock.take(state, ctx),
    undo: (state, clients, ctx) => clients.stock.giveBack(state, ctx),
  })
  .step("ship", {
    run: (state, clients, ctx) => clients.stock.ship(state, ctx),
    undo: () => Promise.resolve(),
  })
  .onCompleted(Endings, (endings) => endings.end("completed"))
  .onCompensated(Endings, (endings, _tx, _state, failure) =>
    endings.end(`compensated: ${failure!.reason ?? failure!.code}`),
  );

const ann = { by: "ann@desk", why: "checked it" };

let dataDir: string;
let clock: HandClock;
let store: ModuleStore;
let runner: SagaRunner;
let operator: SagaOperator;
let endings: Endings;
let calls: string[];
let keys: string[];
let answers: Record<string, (ctx: CallContext) => Promise<object>>;

const clientOf = () =>
  Object.fromEntries(
    Object.keys(stock.procedures).map((method) => [
      method,
      (_input: unknown, ctx: CallContext, options: CallOptions) => {
        calls.push(method);
        keys.push(options.idempotencyKey!);
        return (answers[method] ?? (() => Promise.resolve({})))(ctx);
      },
    ]),
  );

function run(sagas: readonly Saga[]): void {
  const around = { store, clientOf, resolve: () => endings, clock, logger: silentLogger };
  runner = new SagaRunner({ ...around, sagas });
  operator = new SagaOperator(sagas, () => runner, around);
}

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "saga-operator-"));
  clock = new HandClock();
  [calls, keys, answers, endings] = [[], [], {}, new Endings()];
  store = await openStore({
    module: "shop",
    dataDir,
    clock,
    listener: { sagaStarted: (name, id) => runner.wake(name, id) },
  });
  run([sell]);
});
afterEach(async () => {
  await runner.stop();
  await store.close();
  rmSync(dataDir, { recursive: true });
});

const start = (id = "1") => store.commit(rootContext(clock, 60_000), async (tx) => tx.start(sell, id, { id }));
const phase = async (id = "1") => (await operator.show("sell", id)).phase;
const phaseBecomes = (wanted: string) => clock.until(async () => (await phase()) === wanted, 120_000);
const refused = () => Promise.reject(fail(stock.errors.CLOSED));
const unavailable = () => Promise.reject(errorOf("unavailable", "away", { outcome: "not-sent" }));
const never = () => new Promise<never>(() => {});
const refusal = (promise: Promise<unknown>): Promise<any> => promise.catch((error: unknown) => error);

async function park(): Promise<void> {
  answers.ship = refused;
  answers.giveBack = refused;
  await start();
  await phaseBecomes("parked");
}

describe("an operator", () => {
  it("sees where each saga stands, and why", async () => {
    await park();
    answers = { take: unavailable };
    await start("2");
    await clock.until(async () => (await operator.show("sell", "2")).attempts > 1);
    expect(await operator.list(10, false)).toMatchObject([
      { name: "sell", id: "1", version: 1, isKnown: true, phase: "parked", step: "take", attempts: 1 },
      { name: "sell", id: "2", phase: "forward", step: "take", error: "unavailable: away", failure: null },
    ]);
    const failure = "failed_precondition CLOSED: closed";
    expect(await operator.show("sell", "1")).toMatchObject({
      error: failure,
      failure,
      state: '{"id":"1"}',
      history: [],
    });
  });

  it("sees those that have ended only when asking for them", async () => {
    await start();
    await phaseBecomes("completed");
    expect(await operator.list(10, false)).toEqual([]);
    expect(await operator.list(10, true)).toMatchObject([{ id: "1", phase: "completed", step: null }]);
  });

  it("takes a parked saga up again where it stands, under new keys where the old ones were answered with no", async () => {
    await park();
    answers = {};
    clock.jump(1_000);
    expect((await operator.retry("sell", "1", ann)).history).toEqual([{ act: "retry", at: clock.wallTime(), ...ann }]);
    await phaseBecomes("compensated");
    expect(calls).toEqual(["take", "ship", "giveBack", "giveBack"]);
    expect(keys.slice(2)).toEqual([
      "saga/sell/1/take/undo/stock.giveBack/1",
      "saga/sell/1/round-1/take/undo/stock.giveBack/1",
    ]);
    expect(endings.log).toEqual(["compensated: CLOSED"]);
  });

  it("asks again under the same key where nobody knows what the last attempt did", async () => {
    answers.ship = refused;
    answers.giveBack = () => Promise.reject(errorOf("internal", "broken"));
    await start();
    await phaseBecomes("parked");
    answers = {};
    await operator.retry("sell", "1", ann);
    await phaseBecomes("compensated");
    expect(keys.at(-1)).toBe("saga/sell/1/take/undo/stock.giveBack/1");
  });

  it("ends the pause of one that waits for its next attempt", async () => {
    answers.take = unavailable;
    await start();
    await clock.until(async () => (await operator.show("sell", "1")).attempts === 8);
    answers = {};
    const before = clock.now();
    await operator.retry("sell", "1", ann);
    await phaseBecomes("completed");
    expect(clock.now() - before).toBeLessThan(1_000);
  });

  it("turns a saga back in the middle of a step, which is undone too", async () => {
    answers.ship = never;
    await start();
    await clock.until(() => calls.length === 2);
    await operator.abort("sell", "1", ann);
    await phaseBecomes("compensated");
    expect(calls).toEqual(["take", "ship", "giveBack"]);
    expect(await operator.show("sell", "1")).toMatchObject({
      failure: "aborted: Aborted by ann@desk: checked it",
      history: [{ act: "abort", ...ann }],
    });
    expect(endings.log).toEqual(["compensated: aborted"]);
  });

  it("parks one that is being undone, and ends one that is parked as if it had been undone", async () => {
    answers.ship = refused;
    answers.giveBack = unavailable;
    await start();
    await clock.until(() => calls.length > 3);
    expect((await operator.abort("sell", "1", ann)).phase).toBe("parked");
    expect(endings.log).toEqual([]);
    const waiting = runner.settled(sell, "1", rootContext(clock, 60_000));
    expect((await waiting).status).toBe("parked");
    expect((await operator.abort("sell", "1", ann)).phase).toBe("aborted");
    expect(endings.log).toEqual(["compensated: CLOSED"]);
    expect(await runner.settled(sell, "1", rootContext(clock, 60_000))).toMatchObject({
      status: "compensated",
      failure: { reason: "CLOSED" },
    });
    expect((await operator.show("sell", "1")).history.map(({ act }) => act)).toEqual(["abort", "abort"]);
  });

  it("parks one that goes forward and cannot go back", async () => {
    const oneWay = defineSaga("sell", 1, State)
      .requiring({ stock })
      .step("ship", { run: (state, clients, ctx) => clients.stock.ship(state, ctx) });
    run([oneWay]);
    answers.ship = never;
    await start();
    await clock.until(() => calls.length === 1);
    expect(await operator.abort("sell", "1", ann)).toMatchObject({ phase: "parked", failure: null });
    answers = {};
    await operator.retry("sell", "1", ann);
    await phaseBecomes("completed");
  });

  it("is refused where nothing can be done any more, and for what there is not", async () => {
    await start();
    await phaseBecomes("completed");
    const acts = ["retry", "abort"] as const;
    for (const act of acts) {
      expect(await refusal(operator[act]("sell", "1", ann))).toMatchObject({
        reason: "OPERATION_REFUSED",
        message: "Saga sell/1 has ended (completed).",
      });
    }
    expect((await operator.show("sell", "1")).history).toEqual([]);
    expect(await refusal(operator.show("sell", "9"))).toMatchObject({ reason: "SAGA_NOT_FOUND" });
    for (const act of acts) {
      expect(await refusal(operator[act]("sell", "9", ann))).toMatchObject({
        reason: "SAGA_NOT_FOUND",
        message: "No saga sell/9 was started.",
      });
    }
  });

  it("is refused while somebody else changes the same saga", async () => {
    await park();
    const first = operator.abort("sell", "1", ann);
    expect(await refusal(operator.retry("sell", "1", ann))).toMatchObject({
      message: "Saga sell/1 is just being changed.",
    });
    expect((await first).phase).toBe("aborted");
  });

  it("is told by name of a version that is not there, and may end what nobody can lead", async () => {
    answers.take = unavailable;
    await start();
    await clock.until(() => calls.length > 0);
    await runner.stop();
    run([]);
    expect(await operator.list(10, false)).toMatchObject([{ id: "1", version: 1, isKnown: false, step: null }]);
    expect(await refusal(operator.retry("sell", "1", ann))).toMatchObject({
      message: "Saga sell/1 was started by version 1, which shop no longer has.",
    });
    expect((await operator.abort("sell", "1", ann)).phase).toBe("parked");
    expect((await operator.abort("sell", "1", ann)).phase).toBe("aborted");
    expect(endings.log).toEqual([]);
  });
});
