import { Cancellation } from "../core/cancellation.js";
import { sleep } from "../core/clock.js";
import type { CallContext, Context } from "../core/context.js";
import { errorOf, fail } from "../core/error.js";
import type { SagaReference } from "../core/module.js";
import { frameworkErrors, provisional, type SagaResult, type Sagas } from "../core/work.js";
import type { SagaRow } from "../storage/framework-tables.js";
import { sagaOf, type Saga } from "./define-saga.js";
import { type Led, SagaCourse, type SagaSurroundings } from "./saga-course.js";
import { loadSaga, openSagas, settledAs, settledBecause } from "./saga-rows.js";
import { SagaWaiters } from "./saga-waiters.js";

export interface SagaRunnerOptions extends SagaSurroundings {
  readonly sagas: readonly Saga[];
}

/** How long before a waiting handler's deadline it is told that the saga still runs: time to read, and to answer. */
export const answerMarginMs = 250;
const maxRunning = 256;
/** A saga of which nothing can be read or written now is taken up again after this. */
const storagePauseMs = 1_000;

type SagaId = Pick<SagaRow, "name" | "id">;

/**
 * Runs the sagas of one module. The row in the module's database is the truth: each step's end is committed before the
 * next begins, so a saga that a crash interrupted goes on where it stood. A step may run twice; its keys make that one
 * effect.
 */
export class SagaRunner implements Sagas {
  readonly #running = new Map<string, { readonly stop: Cancellation; readonly done: Promise<void> }>();
  /** Those that wait for a place, in order. */
  readonly #waiting = new Map<string, SagaId>();
  /** Those that pause after a failure; the function ends the pause without taking them up. */
  readonly #pausing = new Map<string, () => void>();
  /** Those that an operator is changing: nobody takes them up meanwhile. */
  readonly #held = new Set<string>();
  readonly #waiters = new SagaWaiters();
  /** Those that nothing here can lead; said once, though they may be looked at again and again. */
  readonly #unknown = new Set<string>();
  readonly #stop = new Cancellation();

  constructor(private readonly options: SagaRunnerOptions) {}

  /** How many sagas are under way, pausing or waiting for a place. */
  get pending(): number {
    return this.#running.size + this.#waiting.size + this.#pausing.size;
  }

  /** Takes up every saga that has not come to its end. */
  async recover(): Promise<void> {
    for (const { name, id } of await openSagas(this.options.store)) this.wake(name, id);
  }

  /** Begins or goes on with a saga whose row is committed. Harmless if it is under way; one that pauses goes on pausing. */
  wake(name: string, id: string): void {
    const key = `${name}/${id}`;
    if (this.#stop.reason !== undefined || this.#held.has(key)) return;
    if (this.#running.has(key) || this.#pausing.has(key)) return;
    if (this.#running.size >= maxRunning) {
      this.#waiting.set(key, { name, id });
      return;
    }
    this.#waiting.delete(key);
    const stop = new Cancellation(this.#stop);
    const done = this.#lead(name, id, stop)
      .catch((error: unknown): Led => {
        if (this.#stop.reason === undefined) {
          this.options.logger.warn(`Saga ${key} cannot be read or written now; it is tried again.`, { error });
        }
        return { pauseMs: storagePauseMs };
      })
      .then(({ settled, pauseMs }) => {
        stop.detach();
        this.#running.delete(key);
        if (pauseMs !== undefined && this.#stop.reason === undefined) this.#pause(name, id, pauseMs);
        this.#waiters.tell(key, settled);
        this.#fill();
      });
    this.#running.set(key, { stop, done });
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
        const changed = this.#waiters.news(key);
        const row = ended ?? (untold ? undefined : await this.#existing(saga.name, id));
        const status = row && settledAs[row.phase];
        if (status !== undefined) return { status, failure: settledBecause(row!) };
        const news = await Promise.race([changed, timeIsUp]);
        if (news === "time is up") {
          (ctx as Context).local.set(provisional, true);
          return { status: "running", failure: undefined };
        }
        ended = news;
        untold = false;
      }
    } finally {
      timer.cancel();
      this.#waiters.tell(key);
    }
  }

  /** Stops what is under way of a saga, lets `change` write its row, and goes on with what has become of it. */
  async intervene<T>(name: string, id: string, change: (row: SagaRow) => Promise<T>): Promise<T> {
    const key = `${name}/${id}`;
    if (this.#held.has(key))
      throw fail(frameworkErrors.OPERATION_REFUSED, undefined, `Saga ${key} is just being changed.`);
    this.#held.add(key);
    try {
      const running = this.#running.get(key);
      running?.stop.cancel(errorOf("canceled", "An operator has stepped in."));
      await running?.done;
      this.#pausing.get(key)?.();
      this.#pausing.delete(key);
      return await change(await this.#existing(name, id));
    } finally {
      this.#held.delete(key);
      this.wake(name, id);
    }
  }

  /** Begins nothing new and cancels the steps under way; they go on at the next start, under the same keys. */
  async stop(): Promise<void> {
    this.#waiting.clear();
    for (const end of this.#pausing.values()) end();
    this.#pausing.clear();
    this.#stop.cancel(errorOf("canceled", "The module is being stopped."));
    await Promise.all(Array.from(this.#running.values(), ({ done }) => done));
  }

  async #lead(name: string, id: string, stop: Cancellation): Promise<Led> {
    const row = await loadSaga(this.options.store, name, id);
    if (row === undefined || settledAs[row.phase] !== undefined) return { settled: row };
    const saga = sagaOf(this.options.sagas, row);
    if (saga !== undefined) return new SagaCourse(this.options, saga, stop).lead(row);
    const message = `Saga ${name}/${id} was started by version ${row.version}, which this module no longer has.`;
    if (!this.#unknown.has(message)) this.options.logger.error(message);
    this.#unknown.add(message);
    return {};
  }

  #pause(name: string, id: string, pauseMs: number): void {
    const key = `${name}/${id}`;
    const end = this.options.clock.after(pauseMs, () => {
      this.#pausing.delete(key);
      this.wake(name, id);
    });
    this.#pausing.set(key, end);
  }

  /** Gives the place that has become free to whoever has waited longest. */
  #fill(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const [key, { name, id }] = first;
    this.#waiting.delete(key);
    this.wake(name, id);
  }

  async #existing(name: string, id: string): Promise<SagaRow> {
    const row = await loadSaga(this.options.store, name, id);
    if (row === undefined) throw fail(frameworkErrors.SAGA_NOT_FOUND, undefined, `No saga ${name}/${id} was started.`);
    return row;
  }
}
