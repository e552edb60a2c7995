import { Cancellation } from "../core/cancellation.js";
import type { Call, Handler } from "../core/call.js";
import type { Clock } from "../core/clock.js";
import { isError } from "../core/error.js";
import { errorMessageOf } from "../core/message.js";
import { producerOf } from "../storage/framework-rows.js";
import type { DeadLetterRow, FrameworkDb } from "../storage/framework-tables.js";
import type { ModuleStore } from "../storage/module-store.js";
import { run } from "../storage/run.js";
import { replaying, thrownError } from "../core/work.js";
import { eventCall } from "./event-call.js";

/** Whether an event of this key waits among the dead letters: then later ones must wait behind it. */
export async function hasDeadLetter(db: FrameworkDb, producer: string, key: string): Promise<boolean> {
  const { rows } = await run<{ number: number }>(
    db,
    "select number from pangaea_dead_letter where producer = ? and key = ? limit 1",
    [producer, key],
  );
  return rows.length > 0;
}

/** Puts an event among the dead letters, as it came, and confirms it. */
export async function park(db: FrameworkDb, call: Call, attempts: number, error: unknown, now: number): Promise<void> {
  const { headers, principal, event } = call.context;
  const { id, method, key } = event!;
  await run(
    db,
    `insert into pangaea_dead_letter
      (producer, method, event_id, key, version, payload, headers, principal, attempts, error, parked_at)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (method, event_id) do nothing`,
    [
      producerOf(method),
      method,
      id,
      key,
      call.version,
      JSON.stringify(call.input),
      JSON.stringify(headers),
      principal === undefined ? null : JSON.stringify(principal),
      attempts,
      error === undefined ? null : JSON.stringify(describe(error)),
      now,
    ],
  );
  await run(db, "update pangaea_inbox set handled_at = ? where method = ? and event_id = ?", [now, method, id]);
}

// For the operator of this module, who may know what a caller may not.
const describe = (error: unknown) =>
  isError(error)
    ? errorMessageOf(error)
    : { code: "internal", message: error instanceof Error ? error.message : String(error) };

/** A dead letter as an operator sees it. */
export interface DeadLetter {
  readonly number: number;
  readonly event: string;
  readonly id: string;
  readonly key: string;
  readonly attempts: number;
  readonly error: string | null;
  /** Epoch milliseconds. */
  readonly parkedAt: number;
  readonly payload: string;
}

/** What became of a replay: how many were handled, and what stopped it. */
export interface Replayed {
  readonly handled: number;
  readonly failed: { readonly number: number; readonly message: string }[];
}

export interface DeadLettersOptions {
  readonly store: ModuleStore;
  /** The module's own handling of an event. */
  readonly handle: Handler;
  readonly clock: Clock;
}

/** The events that a module could not handle. */
export class DeadLetters {
  constructor(private readonly options: DeadLettersOptions) {}

  async list(limit = 100): Promise<DeadLetter[]> {
    const { rows } = await run<DeadLetterRow>(
      this.options.store.framework,
      "select * from pangaea_dead_letter order by number limit ?",
      [limit],
    );
    return rows.map(({ number, method, event_id, key, attempts, error, parked_at, payload }) => ({
      number,
      event: method,
      id: event_id,
      key,
      attempts,
      error,
      parkedAt: parked_at,
      payload,
    }));
  }

  async count(): Promise<number> {
    const select = "select count(*) as count from pangaea_dead_letter";
    const { rows } = await run<{ count: number }>(this.options.store.framework, select);
    return rows[0]!.count;
  }

  /**
   * Handles dead letters again, in order: that of a number with all of its key, or all. Each that succeeds has its effect
   * once and is a dead letter no more; where one fails, the later ones of its key stay.
   */
  async replay(number?: number): Promise<Replayed> {
    const blocked = new Set<string>();
    const failed: Replayed["failed"] = [];
    let handled = 0;
    let after = 0;
    for (;;) {
      const row = await this.#next(after, number);
      if (row === undefined) return { handled, failed };
      after = row.number;
      const lane = JSON.stringify([row.producer, row.key]);
      if (blocked.has(lane)) continue;
      try {
        await this.#handle(row);
        handled++;
      } catch (error) {
        blocked.add(lane);
        failed.push({ number: row.number, message: error instanceof Error ? error.message : String(error) });
      }
    }
  }

  /** Gives up a dead letter: it will never have its effect. Says whether there was one. */
  async discard(number: number): Promise<boolean> {
    const { numAffectedRows } = await this.options.store.record((db) =>
      run(db, "delete from pangaea_dead_letter where number = ?", [number]),
    );
    return numAffectedRows !== 0n;
  }

  async #next(after: number, number: number | undefined): Promise<DeadLetterRow | undefined> {
    const same =
      number === undefined
        ? ""
        : "and (producer, key) in (select producer, key from pangaea_dead_letter where number = ?)";
    const { rows } = await run<DeadLetterRow>(
      this.options.store.framework,
      `select * from pangaea_dead_letter where number > ? ${same} order by number limit 1`,
      number === undefined ? [after] : [after, number],
    );
    return rows[0];
  }

  async #handle(row: DeadLetterRow): Promise<void> {
    const { store, handle, clock } = this.options;
    const { producer, method, event_id: id } = row;
    // From here on it counts as not handled; the commit of its effect removes it from the dead letters.
    await store.record((db) =>
      run(
        db,
        `insert into pangaea_inbox (method, event_id, producer, attempts) values (?, ?, ?, 0)
          on conflict (method, event_id) do update set handled_at = null`,
        [method, id, producer],
      ),
    );
    const call = eventCall({
      event: row,
      id,
      producer,
      method,
      subscriber: store.module,
      clock,
      cancellation: new Cancellation(),
    });
    call.context.local.set(replaying, true);
    try {
      await handle(call);
    } catch (error) {
      await this.#settle(row, false);
      throw call.context.local.get(thrownError) ?? error;
    }
    await this.#settle(row, true);
  }

  /** Without an effect it stays parked, and counts as handled for whoever delivers it again. */
  async #settle({ method, event_id, number }: DeadLetterRow, done: boolean): Promise<void> {
    const { store, clock } = this.options;
    await store.record(async (db) => {
      await run(
        db,
        "update pangaea_inbox set handled_at = ? where method = ? and event_id = ? and handled_at is null",
        [clock.wallTime(), method, event_id],
      );
      if (done) await run(db, "delete from pangaea_dead_letter where number = ?", [number]);
    });
  }
}
