import { Cron } from "croner";
import type { CallContext } from "../core/context.js";
import { DefinitionError } from "../core/contract.js";
import type { Constructor, ScheduleReference } from "../core/module.js";
import { createJob, type JobOptions } from "./define-job.js";
import type { Saga } from "./define-saga.js";

export interface ScheduleOptions extends JobOptions {
  /** Whether what was missed by more than a minute, because the module was down, is done once or not at all. */
  readonly missed?: "once" | "skip";
}

/** For which moment a run stands, as an ISO date: one that is caught up or tried again comes later. */
interface Due {
  readonly dueAt: string;
}

type Run<T> = (target: T, due: Due, ctx: CallContext) => Promise<unknown>;

/** When something is done again and again. Moments are epoch milliseconds. */
export interface Schedule extends ScheduleReference {
  readonly job: Saga<Due>;
  /** Tells whether the module's code has another idea of the moments than what is stored. */
  readonly rule: string;
  readonly missed: "once" | "skip";
  /** The first moment after `now`; `last` is the one before it, where there was one. */
  next(now: number, last?: number): number;
  /** No next moment lies further away: else the wall clock was set back. */
  readonly periodMs: number;
}

const schedule = <T>(
  name: string,
  target: Constructor<T>,
  run: Run<T>,
  { missed = "once", ...options }: ScheduleOptions,
  moments: Pick<Schedule, "rule" | "next" | "periodMs">,
): Schedule => {
  const validate = (state: unknown): Due => ({ dueAt: (state as Due).dueAt });
  const job = createJob({ ...options, name, version: 1, validate, target, run, isForgotten: true });
  return { ...moments, name, missed, job };
};

export interface Period {
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
}

/** Runs again and again at a distance: `every("expire-reservations", { minutes: 5 }, Expiry, (expiry, due, ctx) => …)`. */
export function every<T>(
  name: string,
  { days = 0, hours = 0, minutes = 0, seconds = 0 }: Period,
  target: Constructor<T>,
  run: Run<T>,
  options: ScheduleOptions = {},
): Schedule {
  const periodMs = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000;
  if (!(periodMs >= 1_000)) throw new DefinitionError(`schedule ${name}: a period is a second or longer`);
  const next = (now: number, last = now) => last + (Math.floor((now - last) / periodMs) + 1) * periodMs;
  return schedule(name, target, run, options, { rule: `every ${periodMs} ms`, next, periodMs });
}

/** Runs at the moments of a cron expression: `cron("report", "0 3 * * *", Reports, …, { timeZone: "Europe/Berlin" })`; by default in UTC. */
export function cron<T>(
  name: string,
  pattern: string,
  target: Constructor<T>,
  run: Run<T>,
  { timeZone = "UTC", ...options }: ScheduleOptions & { readonly timeZone?: string } = {},
): Schedule {
  const refuse = (why: string): never => {
    throw new DefinitionError(`schedule ${name}: "${pattern}" in ${timeZone}: ${why}`);
  };
  const next = (now: number) => new Cron(pattern, { timezone: timeZone }).nextRun(new Date(now))?.getTime();
  try {
    if (next(Date.now()) === undefined) refuse("there is no such moment");
  } catch (error) {
    if (error instanceof DefinitionError) throw error;
    refuse((error as Error).message);
  }
  const moments = { rule: `${pattern} ${timeZone}`, next: (now: number) => next(now) ?? never, periodMs: never };
  return schedule(name, target, run, options, moments);
}

/** As far away as dates go. */
const never = 8_640_000_000_000_000;
