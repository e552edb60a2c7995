import type { Clock } from "../core/clock.js";
import type { Logger } from "../core/logger.js";
import { insertSaga } from "../storage/framework-rows.js";
import type { ModuleStore } from "../storage/module-store.js";
import { run } from "../storage/run.js";
import type { Schedule } from "./define-schedule.js";

export interface ScheduleRunnerOptions {
  readonly store: ModuleStore;
  readonly schedules: readonly Schedule[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Says that a run stands in the module's database, as a saga. */
  readonly started: (name: string, id: string) => void;
}

/** Later than this, a moment was missed. */
const graceMs = 60_000;
/** The wall clock is looked at so often, since it may be set. */
const lookMs = 30_000;
const storagePauseMs = 1_000;

/**
 * Starts the runs of a module's schedules. The next moment is a row; the run is recorded in the commit that moves it on,
 * so each moment has one run however often the process ends. While a run is under way, no other of its schedule begins.
 */
export class ScheduleRunner {
  readonly #timers = new Map<string, () => void>();
  #stopped = false;

  constructor(private readonly options: ScheduleRunnerOptions) {}

  /** Goes on with what is stored; a new schedule, or one with another rule, begins with its first moment from now. */
  async start(): Promise<void> {
    const { store, schedules, clock } = this.options;
    for (const schedule of schedules) {
      const { name, rule } = schedule;
      const first = schedule.next(clock.wallTime());
      const nextAt = await store.update(async (db) => {
        await run(
          db,
          `insert into pangaea_schedule (name, rule, next_at) values (?, ?, ?)
            on conflict (name) do update set rule = excluded.rule, next_at = excluded.next_at
            where pangaea_schedule.rule <> excluded.rule`,
          [name, rule, first],
        );
        const select = "select next_at from pangaea_schedule where name = ?";
        const { rows } = await run<{ next_at: number }>(db, select, [name]);
        return rows[0]!.next_at;
      });
      this.#await(schedule, nextAt);
    }
  }

  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#timers.values()) cancel();
  }

  #await(schedule: Schedule, nextAt: number): void {
    const now = this.options.clock.wallTime();
    const dueAt = Math.min(nextAt, now + schedule.periodMs);
    this.#after(schedule, Math.min(Math.max(0, dueAt - now), lookMs), () => {
      if (this.options.clock.wallTime() < dueAt) this.#await(schedule, dueAt);
      else void this.#begin(schedule, dueAt);
    });
  }

  #after({ name }: Schedule, delayMs: number, action: () => void): void {
    if (!this.#stopped) this.#timers.set(name, this.options.clock.after(delayMs, action));
  }

  async #begin(schedule: Schedule, dueAt: number): Promise<void> {
    const { store, clock, logger, started } = this.options;
    const { name, job, missed } = schedule;
    const now = clock.wallTime();
    const nextAt = schedule.next(now, dueAt);
    const id = new Date(dueAt).toISOString();
    const isSkipped = missed === "skip" && now - dueAt > graceMs;
    try {
      const begun = await store.update(async (db) => {
        await run(db, "update pangaea_schedule set next_at = ? where name = ?", [nextAt, name]);
        const select = "select id from pangaea_saga where name = ? and phase = 'forward' limit 1";
        if (isSkipped || (await run(db, select, [name])).rows.length > 0) return false;
        const origin = { headers: {}, principal: undefined, createdAt: now };
        await insertSaga(db, { saga: job, id, state: { dueAt: id }, origin });
        return true;
      });
      if (begun) started(name, id);
      else logger.info("A run of a schedule is left out.", { schedule: name, dueAt: id, missed: isSkipped });
      this.#await(schedule, nextAt);
    } catch (error) {
      if (this.#stopped) return;
      logger.warn("A run of a schedule cannot be recorded now; it is tried again.", { schedule: name, error });
      this.#after(schedule, storagePauseMs, () => void this.#begin(schedule, dueAt));
    }
  }
}
