import { type Clock, sleep } from "../core/clock.js";
import type { CallContext, Context } from "../core/context.js";
import type { Contract } from "../core/contract.js";
import { errorOf, isError, type PangaeaError } from "../core/error.js";
import type { Failpoints } from "../core/failpoints.js";
import type { Logger } from "../core/logger.js";
import { errorMessageOf } from "../core/message.js";
import type { Constructor, SagaReference } from "../core/module.js";
import type { SagaResult, Sagas, Tx } from "../core/work.js";
import { Cancellation } from "../core/cancellation.js";
import type { SagaRow } from "../storage/framework-tables.js";
import type { ModuleStore } from "../storage/module-store.js";
import type { Saga } from "./define-saga.js";
import { keyedClients } from "./keyed-clients.js";
import { moveAfter } from "./move-after.js";
import { withStepContext } from "./step-context.js";
import { endSaga, failureOf, loadSaga, saveSaga, settledAs } from "./saga-rows.js";

export interface SagaRunnerOptions {
  readonly store: ModuleStore;
  readonly sagas: readonly Saga[];
  readonly clientOf: (contract: Contract) => object;
  readonly resolve: (target: Constructor) => unknown;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly failpoints?: Failpoints;
}

/** How long before a waiting handler's deadline it is told that the saga still runs: time to read, and to answer. */
export const answerMarginMs = 250;
const maxRunning = 256;
/** After so many failures of one step the log says so. */
const patience = 5;

/**
 * Runs the sagas of one module. The row in the module's database is the truth: each step's end is committed before the
 * next begins, so a saga that a crash interrupted goes on where it stood. A step may run twice; its keys make that one
 * effect.
 */
export class SagaRunner implements Sagas {
  readonly #running = new Map<string, Promise<void>>();
  readonly #waiting: { name: string; id: string }[] = [];
  readonly #waiters = new Map<string, Set<(ended?: SagaRow) => void>>();
  /** Sagas that nothing here can run; said once, though they may be looked at again and again. */
  readonly #unknown = new Set<string>();
  readonly #stop = new Cancellation();

  constructor(private readonly options: SagaRunnerOptions) {}

  /** How many sagas are under way or waiting for a place. */
  get pending(): number {
    return this.#running.size + this.#waiting.length;
  }

  /** Takes up every saga that has not come to its end. */
  async recover(): Promise<void> {
    const open = await this.options.store.framework
      .selectFrom("pangaea_saga")
      .select(["name", "id"])
      .where("phase", "in", ["forward", "undo"])
      .orderBy("created_at")
      .execute();
    for (const { name, id } of open) this.wake(name, id);
  }

  /** Begins or goes on with a saga whose row is committed. Harmless if it is under way. */
  wake(name: string, id: string): void {
    const key = `${name}/${id}`;
    if (this.#stop.reason !== undefined || this.#running.has(key)) return;
    if (this.#running.size >= maxRunning) {
      this.#waiting.push({ name, id });
      return;
    }
    const running = this.#run(name, id)
      .catch((error: unknown) => {
        this.options.logger.error(`Saga ${key} stopped; it goes on at the next start.`, { error });
        return undefined;
      })
      .then((ended) => {
        this.#running.delete(key);
        this.#notify(key, ended);
        const next = this.#waiting.shift();
        if (next !== undefined) this.wake(next.name, next.id);
      });
    this.#running.set(key, running);
  }

  async settled(
    saga: SagaReference,
    id: string,
    ctx: CallContext,
    withinMs = Number.POSITIVE_INFINITY,
  ): Promise<SagaResult> {
    const key = `${saga.name}/${id}`;
    const timer = new Cancellation((ctx as Context).cancellation);
    const waitMs = Math.max(0, Math.min(withinMs, ctx.remainingMs() - answerMarginMs));
    const waited = sleep(this.options.clock, waitMs, timer.signal);
    // What is under way will tell how it ended; of anything else only the row knows.
    let untold = this.#running.has(key);
    // Once: a saga that stopped without an end would otherwise be begun again and again.
    this.wake(saga.name, id);
    const timeIsUp = waited.then((): "time is up" => "time is up");
    let ended: SagaRow | undefined;
    try {
      for (;;) {
        const changed = this.#changeOf(key);
        const row = ended ?? (untold ? undefined : await this.#existing(saga.name, id));
        const status = row && settledAs[row.phase];
        if (status !== undefined) return { status, failure: failureOf(row!) };
        const news = await Promise.race([changed, timeIsUp]);
        if (news === "time is up") return { status: "running", failure: undefined };
        ended = news;
        untold = false;
      }
    } finally {
      timer.cancel();
      this.#notify(key);
    }
  }

  /** Begins nothing new and cancels the steps under way; they go on at the next start, under the same keys. */
  async stop(): Promise<void> {
    this.#waiting.length = 0;
    this.#stop.cancel(errorOf("canceled", "The module is being stopped."));
    await Promise.all(this.#running.values());
  }

  /** Resolves when a saga's run is over, with its row where it came to its end. */
  #changeOf(key: string): Promise<SagaRow | undefined> {
    return new Promise((resolve) => {
      let waiters = this.#waiters.get(key);
      if (waiters === undefined) this.#waiters.set(key, (waiters = new Set()));
      waiters.add(resolve);
    });
  }

  #notify(key: string, ended?: SagaRow): void {
    const waiters = this.#waiters.get(key);
    this.#waiters.delete(key);
    if (waiters !== undefined) for (const wake of waiters) wake(ended);
  }

  async #existing(name: string, id: string): Promise<SagaRow> {
    const row = await loadSaga(this.options.store, name, id);
    if (row === undefined) throw errorOf("not_found", `No saga ${name}/${id} was started.`);
    return row;
  }

  /** Leads a saga on until it ends; resolves with its last row, or with nothing where it cannot go on. */
  async #run(name: string, id: string): Promise<SagaRow | undefined> {
    let failures = 0;
    let row = await loadSaga(this.options.store, name, id);
    while (this.#stop.reason === undefined) {
      if (row === undefined || settledAs[row.phase] !== undefined) return row;
      const { version } = row;
      const saga = this.options.sagas.find((known) => known.name === name && known.version === version);
      if (saga === undefined) {
        const message = `Saga ${name}/${id} was started by version ${version}, which this module no longer has.`;
        if (!this.#unknown.has(message)) this.options.logger.error(message);
        this.#unknown.add(message);
        return undefined;
      }
      try {
        row = await (row.phase === "forward" ? this.#forward(saga, row) : this.#undo(saga, row));
        failures = 0;
      } catch (thrown) {
        if (this.#stop.reason !== undefined) return undefined;
        failures++;
        await this.#afterFailure(saga, row, thrown, failures);
        row = await loadSaga(this.options.store, name, id);
      }
    }
    return undefined;
  }

  async #forward(saga: Saga, row: SagaRow): Promise<SagaRow> {
    const step = saga.steps[row.step];
    if (step === undefined) return this.#end(saga, row, "completed");
    const state = JSON.parse(row.state) as object;
    const clients = keyedClients(saga, row, `${step.name}/run`, this.options.clientOf);
    this.options.failpoints?.hit("saga.before-step");
    const result: unknown = await this.#inContext(row, (ctx) => step.run(state, clients, ctx));
    this.options.failpoints?.hit("saga.after-step");
    const next =
      step.keep === undefined ? row.state : JSON.stringify(saga.validate({ ...state, ...step.keep(result) }));
    const change = { step: row.step + 1, state: next };
    // The end of the last step is written down with the end of the saga.
    return change.step === saga.steps.length ? { ...row, ...change } : this.#update(row, change);
  }

  async #undo(saga: Saga, row: SagaRow): Promise<SagaRow> {
    const step = saga.steps[row.step];
    if (row.step < 0 || step === undefined) return this.#end(saga, row, "compensated");
    const { undo } = step;
    if (undo !== undefined) {
      const clients = keyedClients(saga, row, `${step.name}/undo`, this.options.clientOf);
      this.options.failpoints?.hit("saga.before-undo");
      await this.#inContext(row, (ctx) => undo(JSON.parse(row.state), clients, ctx));
      this.options.failpoints?.hit("saga.after-undo");
    }
    return this.#update(row, { step: row.step - 1 });
  }

  async #afterFailure(saga: Saga, row: SagaRow, thrown: unknown, failures: number): Promise<void> {
    const { clock, logger } = this.options;
    const error: PangaeaError = isError(thrown) ? thrown : errorOf("internal", "A step threw.", { cause: thrown });
    const about = { saga: saga.name, id: row.id, step: saga.steps[row.step]?.name, phase: row.phase };
    const move = moveAfter(error, row, clock.wallTime(), saga.steps);
    if (move.to === "retry") {
      // A neighbour that is just being started is nothing to wake anybody for.
      const level = failures === patience ? "warn" : "debug";
      logger[level]("A saga's step is tried again.", { ...about, attempt: failures, because: error.message });
      await sleep(clock, Math.min(50 * 2 ** failures, 5_000), this.#stop.signal);
      return;
    }
    if (move.unexpected) logger.error(`A saga's step failed; it goes to ${move.to}.`, { ...about, error });
    // Where the ending itself failed there is no step of that number: every step there is has been done.
    const step = Math.min(move.step, saga.steps.length - 1);
    await this.#update(row, { phase: move.to, step, failure: JSON.stringify(errorMessageOf(error)) });
  }

  async #end(saga: Saga, row: SagaRow, phase: "completed" | "compensated"): Promise<SagaRow> {
    const ending = phase === "completed" ? saga.completed : saga.compensated;
    const ended = { ...row, phase, updated_at: this.options.clock.wallTime() };
    const change = async (tx: Tx) => {
      if (!(await endSaga(this.options.store, tx, ended)) || ending === undefined) return;
      await ending.run(this.options.resolve(ending.target), tx, JSON.parse(row.state), failureOf(row));
    };
    this.options.failpoints?.hit("saga.before-end");
    await this.#inContext(row, (ctx) => this.options.store.commitAsOwner(ctx, change));
    return ended;
  }

  async #update(row: SagaRow, change: Partial<SagaRow>): Promise<SagaRow> {
    const next = { ...row, ...change, updated_at: this.options.clock.wallTime() };
    // A step that a power cut makes it forget runs again under its keys; which way it goes must never be forgotten.
    await saveSaga(this.options.store, next, { relaxed: next.phase === row.phase });
    this.options.failpoints?.hit("saga.after-write");
    return next;
  }

  #inContext<T>(row: SagaRow, run: (ctx: Context) => Promise<T>): Promise<T> {
    return withStepContext(row, this.options.clock, this.#stop, run);
  }
}
