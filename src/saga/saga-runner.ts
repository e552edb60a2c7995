import { type Clock, sleep } from "../core/clock.js";
import { type CallContext, type Context, type Principal, rootContext } from "../core/context.js";
import type { Contract } from "../core/contract.js";
import { errorOf, isError, type PangaeaError } from "../core/error.js";
import type { Logger } from "../core/logger.js";
import { type ErrorMessage, errorMessageOf } from "../core/message.js";
import type { Constructor, SagaReference } from "../core/module.js";
import type { SagaResult, Sagas, Tx } from "../core/work.js";
import { Cancellation } from "../core/cancellation.js";
import type { SagaRow } from "../storage/framework-tables.js";
import type { ModuleStore } from "../storage/module-store.js";
import type { Saga } from "./define-saga.js";
import { keyedClients } from "./keyed-clients.js";
import { moveAfter } from "./move-after.js";

export interface SagaRunnerOptions {
  readonly store: ModuleStore;
  readonly sagas: readonly Saga[];
  readonly clientOf: (contract: Contract) => object;
  readonly resolve: (target: Constructor) => unknown;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long one step's calls may take. */
const stepDeadlineMs = 10_000;
/** How long before a waiting handler's deadline it is told that the saga still runs: time to read, and to answer. */
const answerMarginMs = 250;
const maxRunning = 256;
/** After so many failures of one step the log says so. */
const patience = 5;

type Settled = Exclude<SagaResult["status"], "running">;
const settledAs: Partial<Record<SagaRow["phase"], Settled>> = {
  completed: "completed",
  compensated: "compensated",
  parked: "parked",
};

/**
 * Runs the sagas of one module. The row in the module's database is the truth: each step's end is committed before the
 * next begins, so a saga that a crash interrupted goes on where it stood. A step may run twice; its keys make that one
 * effect.
 */
export class SagaRunner implements Sagas {
  readonly #running = new Map<string, Promise<void>>();
  readonly #waiting: { name: string; id: string }[] = [];
  readonly #waiters = new Map<string, Set<() => void>>();
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
    const run = this.#run(name, id)
      .catch((error: unknown) =>
        this.options.logger.error(`Saga ${key} stopped; it goes on at the next start.`, { error }),
      )
      .finally(() => {
        this.#running.delete(key);
        this.#notify(key);
        const next = this.#waiting.shift();
        if (next !== undefined) this.wake(next.name, next.id);
      });
    this.#running.set(key, run);
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
    // Once: a saga that stopped without an end would otherwise be begun again and again.
    this.wake(saga.name, id);
    try {
      for (;;) {
        const changed = new Promise<void>((resolve) => {
          let waiters = this.#waiters.get(key);
          if (waiters === undefined) this.#waiters.set(key, (waiters = new Set()));
          waiters.add(resolve);
        });
        const row = await this.#load(saga.name, id);
        if (row === undefined) throw errorOf("not_found", `No saga ${key} was started.`);
        const status = settledAs[row.phase];
        if (status !== undefined) return { status, failure: failureOf(row) };
        const timeIsUp = await Promise.race([changed.then(() => false), waited.then(() => true)]);
        if (timeIsUp) return { status: "running", failure: undefined };
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

  #notify(key: string): void {
    const waiters = this.#waiters.get(key);
    this.#waiters.delete(key);
    if (waiters !== undefined) for (const wake of waiters) wake();
  }

  #load(name: string, id: string): Promise<SagaRow | undefined> {
    const { framework } = this.options.store;
    return framework
      .selectFrom("pangaea_saga")
      .selectAll()
      .where("name", "=", name)
      .where("id", "=", id)
      .executeTakeFirst();
  }

  async #run(name: string, id: string): Promise<void> {
    let failures = 0;
    while (this.#stop.reason === undefined) {
      const row = await this.#load(name, id);
      if (row === undefined || settledAs[row.phase] !== undefined) return;
      const saga = this.options.sagas.find((known) => known.name === name && known.version === row.version);
      if (saga === undefined) {
        this.options.logger.error(
          `Saga ${name}/${id} was started by version ${row.version}, which this module no longer has.`,
        );
        return;
      }
      try {
        await (row.phase === "forward" ? this.#forward(saga, row) : this.#undo(saga, row));
        failures = 0;
      } catch (thrown) {
        if (this.#stop.reason !== undefined) return;
        failures++;
        await this.#afterFailure(saga, row, thrown, failures);
      }
    }
  }

  async #forward(saga: Saga, row: SagaRow): Promise<void> {
    const step = saga.steps[row.step];
    if (step === undefined) return this.#end(saga, row, "completed");
    const state = JSON.parse(row.state) as object;
    const clients = keyedClients(saga, row, `${step.name}/run`, this.options.clientOf);
    const result: unknown = await this.#withContext(row, (ctx) => step.run(state, clients, ctx));
    const next = step.keep === undefined ? state : saga.validate({ ...state, ...step.keep(result) });
    await this.#update(row, { step: row.step + 1, state: JSON.stringify(next) });
  }

  async #undo(saga: Saga, row: SagaRow): Promise<void> {
    const step = saga.steps[row.step];
    if (row.step < 0 || step === undefined) return this.#end(saga, row, "compensated");
    const { undo } = step;
    if (undo !== undefined) {
      const clients = keyedClients(saga, row, `${step.name}/undo`, this.options.clientOf);
      await this.#withContext(row, (ctx) => undo(JSON.parse(row.state), clients, ctx));
    }
    await this.#update(row, { step: row.step - 1 });
  }

  async #afterFailure(saga: Saga, row: SagaRow, thrown: unknown, failures: number): Promise<void> {
    const { clock, logger } = this.options;
    const error: PangaeaError = isError(thrown) ? thrown : errorOf("internal", "A step threw.", { cause: thrown });
    const about = { saga: saga.name, id: row.id, step: saga.steps[row.step]?.name, phase: row.phase };
    const move = moveAfter(error, row, clock.wallTime());
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

  async #end(saga: Saga, row: SagaRow, phase: "completed" | "compensated"): Promise<void> {
    const ending = phase === "completed" ? saga.completed : saga.compensated;
    const change = async (tx: Tx) => {
      const { numUpdatedRows } = await this.options.store
        .in(tx)
        .updateTable("pangaea_saga")
        .set({ phase, updated_at: this.options.clock.wallTime() })
        .where("name", "=", row.name)
        .where("id", "=", row.id)
        .where("phase", "in", ["forward", "undo"])
        .executeTakeFirst();
      if (numUpdatedRows === 0n || ending === undefined) return;
      await ending.run(this.options.resolve(ending.target), tx, JSON.parse(row.state), failureOf(row));
    };
    await this.#withContext(row, (ctx) => this.options.store.commit(ctx, change));
  }

  async #update(row: SagaRow, change: Partial<Pick<SagaRow, "phase" | "step" | "state" | "failure">>): Promise<void> {
    await this.options.store.framework
      .updateTable("pangaea_saga")
      .set({ ...change, updated_at: this.options.clock.wallTime() })
      .where("name", "=", row.name)
      .where("id", "=", row.id)
      .execute();
  }

  /** A context for one step, which ends with it: on behalf of whoever began the saga, cancelled when the module stops. */
  async #withContext<T>(row: SagaRow, run: (ctx: Context) => Promise<T>): Promise<T> {
    const cancellation = new Cancellation(this.#stop);
    const context = rootContext(this.options.clock, stepDeadlineMs, {
      headers: JSON.parse(row.headers) as Record<string, string>,
      principal: row.principal === null ? undefined : (JSON.parse(row.principal) as Principal),
      cancellation,
    });
    try {
      return await run(context);
    } finally {
      cancellation.detach();
    }
  }
}

const failureOf = (row: SagaRow): ErrorMessage | undefined =>
  row.failure === null ? undefined : (JSON.parse(row.failure) as ErrorMessage);
