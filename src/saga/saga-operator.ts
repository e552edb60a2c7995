import { Cancellation } from "../core/cancellation.js";
import { errorOf, fail } from "../core/error.js";
import { type ErrorMessage, errorMessageOf } from "../core/message.js";
import { frameworkErrors } from "../core/work.js";
import type { SagaRow } from "../storage/framework-tables.js";
import { run } from "../storage/run.js";
import { sagaOf, type Saga } from "./define-saga.js";
import { canUndo, isRefusal } from "./move-after.js";
import { SagaCourse, type SagaSurroundings } from "./saga-course.js";
import { loadSaga, saveSaga, settledAs } from "./saga-rows.js";
import type { SagaRunner } from "./saga-runner.js";

/** Who steps in, and why. */
export interface Operator {
  readonly by: string;
  readonly why: string;
}

/** What a person did with a saga, as its row keeps it. `at`: epoch milliseconds. */
export interface SagaAct extends Operator {
  readonly at: number;
  readonly act: "retry" | "abort";
}

/** A saga as an operator sees it. Times are epoch milliseconds. */
export interface SagaInfo {
  readonly name: string;
  readonly id: string;
  readonly version: number;
  /** Whether the module has this version: else it goes no further. */
  readonly isKnown: boolean;
  readonly phase: SagaRow["phase"];
  /** The step at which it stands; null at an end. */
  readonly step: string | null;
  /** How often that step has failed, and with what the last time. */
  readonly attempts: number;
  readonly error: string | null;
  /** Why it turned back. */
  readonly failure: string | null;
  readonly startedAt: number;
  readonly changedAt: number;
}

export interface SagaDetails extends SagaInfo {
  /** As JSON. */
  readonly state: string;
  readonly history: SagaAct[];
}

/** Shows a module's sagas to an operator, and lets them take one up again or give it up. */
export class SagaOperator {
  constructor(
    private readonly sagas: readonly Saga[],
    /** What leads them, where this process does. */
    private readonly runner: () => SagaRunner | undefined,
    private readonly around: SagaSurroundings,
  ) {}

  /** The oldest first; without those that have ended, unless `ended`. */
  async list(limit: number, ended: boolean): Promise<SagaInfo[]> {
    const which = ended ? "" : "where phase in ('forward', 'undo', 'parked')";
    const { rows } = await run<SagaRow>(
      this.around.store.framework,
      `select * from pangaea_saga ${which} order by created_at, name, id limit ?`,
      [limit],
    );
    return rows.map((row) => this.#infoOf(row));
  }

  /** One saga in full; throws `SAGA_NOT_FOUND`. */
  async show(name: string, id: string): Promise<SagaDetails> {
    const row = await loadSaga(this.around.store, name, id);
    if (row === undefined) throw fail(frameworkErrors.SAGA_NOT_FOUND, undefined, `No saga ${name}/${id} was started.`);
    return { ...this.#infoOf(row), state: row.state, history: JSON.parse(row.history) as SagaAct[] };
  }

  /** Takes a parked saga up again where it stands, with new attempts; one that pauses goes on at once. */
  async retry(name: string, id: string, operator: Operator): Promise<SagaDetails> {
    await this.#leader.intervene(name, id, async (row) => {
      if (row.phase !== "parked" && settledAs[row.phase] !== undefined) throw refuse(row, `has ended (${row.phase})`);
      if (sagaOf(this.sagas, row) === undefined) {
        throw refuse(row, `was started by version ${row.version}, which ${this.around.store.module} no longer has`);
      }
      // A refusal is kept under its key: whoever asks for another answer must ask under another one.
      const isRefused = row.error !== null && isRefusal(JSON.parse(row.error) as ErrorMessage);
      const round = row.round + (row.phase === "parked" && isRefused ? 1 : 0);
      const phase = row.failure === null ? "forward" : "undo";
      await saveSaga(this.around.store, { ...this.#acted(row, "retry", operator), phase, round, error: null });
    });
    return this.show(name, id);
  }

  /**
   * Turns a saga back that goes forward; parks one that is being undone, or cannot be; ends one that is parked, whose
   * remaining compensations are then the operator's, and one that never has any, as a job.
   */
  async abort(name: string, id: string, operator: Operator): Promise<SagaDetails> {
    await this.#leader.intervene(name, id, async (row) => {
      const { store } = this.around;
      const saga = sagaOf(this.sagas, row);
      const acted = this.#acted(row, "abort", operator);
      const aborted = JSON.stringify(errorMessageOf(errorOf("aborted", `Aborted by ${operator.by}: ${operator.why}`)));
      if (row.phase !== "parked" && settledAs[row.phase] !== undefined) throw refuse(row, `has ended (${row.phase})`);
      const end = { ...acted, failure: row.failure ?? aborted };
      if (saga !== undefined && (row.phase === "parked" || saga.parts.atDeadEnd === "park")) {
        await new SagaCourse(this.around, saga, new Cancellation()).end(end, "aborted");
      } else if (row.phase === "parked") await saveSaga(store, { ...end, phase: "aborted" });
      else if (saga !== undefined && row.phase === "forward" && canUndo(saga.parts.steps, row.step)) {
        const step = Math.min(row.step, saga.parts.steps.length - 1);
        await saveSaga(store, { ...acted, phase: "undo", step, failure: aborted, error: null });
      } else await saveSaga(store, { ...acted, phase: "parked", error: aborted });
    });
    return this.show(name, id);
  }

  get #leader(): SagaRunner {
    const runner = this.runner();
    if (runner !== undefined) return runner;
    const { module } = this.around.store;
    const message = `Another replica leads the sagas of ${module} now; ask again, until that one answers.`;
    throw errorOf("unavailable", message, { outcome: "not-executed" });
  }

  #acted(row: SagaRow, act: SagaAct["act"], { by, why }: Operator): SagaRow {
    const at = this.around.clock.wallTime();
    const history = [...(JSON.parse(row.history) as SagaAct[]), { at, by, act, why }];
    this.around.logger.warn(`A saga was taken in hand by an operator.`, { saga: row.name, id: row.id, act, by, why });
    return { ...row, history: JSON.stringify(history), attempts: 0, updated_at: at };
  }

  #infoOf(row: SagaRow): SagaInfo {
    const saga = sagaOf(this.sagas, row);
    const { name, id, version, phase, attempts } = row;
    const isAtEnd = phase !== "parked" && settledAs[phase] !== undefined;
    return {
      name,
      id,
      version,
      isKnown: saga !== undefined,
      phase,
      step: isAtEnd ? null : (saga?.parts.steps[row.step]?.name ?? null),
      attempts,
      error: textOf(row.error),
      failure: textOf(row.failure),
      startedAt: row.created_at,
      changedAt: row.updated_at,
    };
  }
}

const refuse = ({ name, id }: SagaRow, why: string) =>
  fail(frameworkErrors.OPERATION_REFUSED, undefined, `Saga ${name}/${id} ${why}.`);

function textOf(stored: string | null): string | null {
  if (stored === null) return null;
  const { code, reason, message } = JSON.parse(stored) as ErrorMessage;
  return `${code}${reason === undefined ? "" : ` ${reason}`}: ${message}`;
}
