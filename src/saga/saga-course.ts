import type { Cancellation } from "../core/cancellation.js";
import type { Clock } from "../core/clock.js";
import type { Context } from "../core/context.js";
import type { Contract } from "../core/contract.js";
import { errorOf, isError, type PangaeaError } from "../core/error.js";
import type { Failpoints } from "../core/failpoints.js";
import type { Logger } from "../core/logger.js";
import { errorMessageOf } from "../core/message.js";
import type { Constructor } from "../core/module.js";
import { storedTraceId, type Tracer, type Within } from "../core/span.js";
import type { Tx } from "../core/work.js";
import type { SagaRow } from "../storage/framework-tables.js";
import type { ModuleStore } from "../storage/module-store.js";
import type { NamedStep, Saga } from "./define-saga.js";
import { keyedClients, stepKey } from "./keyed-clients.js";
import { moveAfter } from "./move-after.js";
import { endSaga, failureOf, saveSaga, settledAs } from "./saga-rows.js";
import { withSagaContext, withStepContext } from "./step-context.js";

/** What sagas need of the module that they belong to. */
export interface SagaSurroundings {
  readonly store: ModuleStore;
  readonly clientOf: (contract: Contract) => object;
  readonly resolve: (target: Constructor) => unknown;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly failpoints?: Failpoints | undefined;
  /** By default steps are not recorded. */
  readonly tracer?: Tracer | undefined;
  readonly within?: Within | undefined;
}

/** How far a saga was led: to where it goes no further by itself, or to a failure after which it pauses. */
export interface Led {
  readonly settled?: SagaRow | undefined;
  readonly pauseMs?: number;
}

/** After so many failures of one step the log says so once, and then again each hour of the usual pauses. */
const patience = 5;
const perHour = 720;

/** The course of one saga: leads it step by step, and writes down each step's end before the next begins. */
export class SagaCourse {
  constructor(
    private readonly around: SagaSurroundings,
    private readonly saga: Saga,
    private readonly stop: Cancellation,
  ) {}

  /** Leads the saga on until it settles, must pause or is stopped. */
  async lead(row: SagaRow): Promise<Led> {
    while (this.stop.reason === undefined) {
      if (settledAs[row.phase] !== undefined) return { settled: row };
      try {
        row = await (row.phase === "forward" ? this.#forward(row) : this.#undo(row));
      } catch (thrown) {
        if (this.stop.reason !== undefined) break;
        const { next, pauseMs } = await this.#afterFailure(row, thrown);
        if (pauseMs !== undefined) return { pauseMs };
        row = next;
      }
    }
    return {};
  }

  /** Ends a saga, with what its owner commits at such an end. Gives back its last row. */
  async end(row: SagaRow, phase: "completed" | "compensated" | "aborted"): Promise<SagaRow> {
    const { store, clock, failpoints, resolve } = this.around;
    const { completed, compensated } = this.saga.parts;
    const ending = phase === "completed" ? completed : compensated;
    const ended: SagaRow = { ...row, phase, updated_at: clock.wallTime() };
    const change = async (tx: Tx) => {
      if (
        !(await endSaga(store, tx, ended, this.saga.parts.isForgotten && phase === "completed")) ||
        ending === undefined
      )
        return;
      await ending.run(resolve(ending.target), tx, JSON.parse(row.state), failureOf(row));
    };
    failpoints?.hit("saga.before-end");
    // Never left behind: whoever goes on must know whether the end is committed.
    await withSagaContext(row, this.#surroundings("end"), (ctx) => store.commitAsOwner(ctx, change));
    return ended;
  }

  async #forward(row: SagaRow): Promise<SagaRow> {
    const { saga, around } = this;
    const step = saga.parts.steps[row.step];
    if (step === undefined) return this.end(row, "completed");
    const state = JSON.parse(row.state) as object;
    const key = stepKey(row, `${step.name}/run`);
    const clients = keyedClients(saga, key, around.clientOf);
    around.failpoints?.hit("saga.before-step");
    const result: unknown = await this.#attempt(row, step, key, (ctx) => step.run(state, clients, ctx, around.resolve));
    around.failpoints?.hit("saga.after-step");
    const next =
      step.keep === undefined ? row.state : JSON.stringify(saga.validate({ ...state, ...step.keep(result) }));
    const change = { step: row.step + 1, state: next, attempts: 0, error: null };
    // The end of the last step is written down with the end of the saga.
    return change.step === saga.parts.steps.length ? { ...row, ...change } : this.#update(row, change);
  }

  async #undo(row: SagaRow): Promise<SagaRow> {
    const { saga, around } = this;
    const step = saga.parts.steps[row.step];
    if (step === undefined) return this.end(row, "compensated");
    const { undo } = step;
    if (undo !== undefined) {
      const key = stepKey(row, `${step.name}/undo`);
      const clients = keyedClients(saga, key, around.clientOf);
      around.failpoints?.hit("saga.before-undo");
      await this.#attempt(row, step, key, (ctx) => undo(JSON.parse(row.state), clients, ctx));
      around.failpoints?.hit("saga.after-undo");
    }
    return this.#update(row, { step: row.step - 1, attempts: 0, error: null });
  }

  async #afterFailure(row: SagaRow, thrown: unknown): Promise<{ next: SagaRow; pauseMs?: number }> {
    const { clock, logger } = this.around;
    const error: PangaeaError = isError(thrown) ? thrown : errorOf("internal", textOf(thrown));
    const attempts = row.attempts + 1;
    const { steps } = this.saga.parts;
    const step = steps[row.step]?.name;
    const traceId = storedTraceId(row.headers);
    const about = { saga: row.name, id: row.id, step, phase: row.phase, attempt: attempts, traceId };
    const message = JSON.stringify(errorMessageOf(error));
    const move = moveAfter(error, row, this.saga, clock.wallTime());
    if (move.to === "retry") {
      // A neighbour that is just being started is nothing to wake anybody for.
      const level = attempts === patience ? "warn" : attempts % perHour === 0 ? "error" : "debug";
      logger[level]("A saga's step is tried again.", { ...about, because: error.message });
      return { next: await this.#update(row, { attempts, error: message }), pauseMs: move.pauseMs };
    }
    if (move.to === "parked") {
      logger.error("A saga is parked for a person: pangaea sagas list", { ...about, error: thrown });
      return { next: await this.#update(row, { phase: "parked", attempts, error: message }) };
    }
    if (move.unexpected) logger.error("A saga's step failed; it turns back.", { ...about, error: thrown });
    // Where the ending itself failed there is no step of that number: every step there is has been done.
    const last = Math.min(move.step, steps.length - 1);
    return { next: await this.#update(row, { phase: "undo", step: last, failure: message, attempts: 0, error: null }) };
  }

  async #update(row: SagaRow, change: Partial<SagaRow>): Promise<SagaRow> {
    const { store, clock, failpoints } = this.around;
    const next = { ...row, ...change, updated_at: clock.wallTime() };
    // A step that a power cut makes it forget runs again under its keys; which way it goes must never be forgotten.
    await saveSaga(store, next, { relaxed: next.phase === row.phase });
    failpoints?.hit("saga.after-write");
    return next;
  }

  #attempt<T>(
    row: SagaRow,
    { timeoutMs }: NamedStep<any, any>,
    idempotencyKey: string,
    run: (ctx: Context) => Promise<T>,
  ): Promise<T> {
    // A key ends with the step and its direction.
    const step = idempotencyKey.split("/").slice(-2).join("/");
    return withStepContext(row, { ...this.#surroundings(step), timeoutMs, idempotencyKey }, run);
  }

  #surroundings(step: string) {
    const { clock, store, tracer, within } = this.around;
    return { clock, stop: this.stop, service: store.module, step, tracer, within };
  }
}

// For the operator of this module, who may know what a caller may not.
const textOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
