import { setTimeout as pause } from "node:timers/promises";
import { isCode } from "../../src/core/code.js";
import { percentile } from "../chaos/report.js";
import type { Chain } from "./chain-system.js";
import type { Fault } from "./faults.js";
import { first } from "./links.js";
import { type Asked, OpenLoop } from "./open-loop.js";
import { Stalls } from "./stalls.js";

export interface Load {
  /** Requests a second. */
  readonly rate: number;
  /** What the chain can do, for faults that ask for more. */
  readonly peak?: number;
  readonly beforeMs: number;
  readonly duringMs: number;
  /** After that nobody waits for it to recover any more. */
  readonly recoverWithinMs: number;
}

/** What one fault did. Lengths are milliseconds; the time in which this process did not run is taken off them. */
export interface Figures {
  readonly fault: string;
  readonly requests: number;
  readonly failed: number;
  /** Of these, those of which nobody can say what became of them. */
  readonly unknown: number;
  /** What was not answered by one of the sixteen codes. */
  readonly untyped: readonly string[];
  readonly attempts: number;
  /** The longest that anything took beyond its deadline. */
  readonly lateMs: number;
  /** From the end of the fault until at least 90 % as much succeeds as before; undefined where it never did. */
  readonly recoveryMs: number | undefined;
  readonly p99BeforeMs: number | undefined;
  readonly p99DuringMs: number | undefined;
  readonly pending: readonly string[];
  readonly memoryMb: number | undefined;
  /** Of one core, by this process: whoever asks, the proxy and the supervisor. */
  readonly ownShare: number;
  /** For how long this process did not run, and how long the trial took. */
  readonly stalledMs: number;
  readonly wholeMs: number;
}

const deadlineMs = Math.max(...Object.values(first.procedures).map((procedure) => procedure.deadlineMs));
const windowMs = 1_000;
const stepMs = 100;
const lookMs = 200;
/** After so long without a request nothing is under way. */
const restWithinMs = 60_000;

const isRight = ({ status }: Asked): boolean => status === 200;
const isUnknown = ({ code, reason }: Asked): boolean => reason === "UNKNOWN" || code === "deadline_exceeded";

/** Asks the chain at a constant rate, lets the fault happen, and waits until it has recovered. */
export async function trial(chain: Chain, fault: Fault, load: Load): Promise<Figures> {
  const attemptsBefore = chain.attempts();
  const cpuBefore = process.cpuUsage();
  const stalls = new Stalls();
  const startedAt = performance.now();
  const loop = new OpenLoop(chain.url, load.rate);
  await pause(load.beforeMs);
  const beganAt = performance.now();
  if (fault.timesPeak !== undefined) loop.setRate(load.peak! * fault.timesPeak);
  await fault.begin?.(chain);
  await pause(load.duringMs);
  const endedAt = performance.now();
  await fault.end?.(chain);
  if (fault.timesPeak !== undefined) loop.setRate(load.rate);
  const overAt = fault.end === undefined ? beganAt : performance.now();
  const before = loop.settled.filter(({ dueAt }) => dueAt < beganAt - windowMs / 2);
  const usual = before.filter(isRight).length / Math.max(1, before.length);
  const recovered = () => recoveredAt(loop.settled, overAt, 0.9 * usual * load.rate);
  while (recovered() === undefined && performance.now() < overAt + load.recoverWithinMs) await pause(lookMs);
  await loop.stop();
  const { user, system } = process.cpuUsage(cpuBefore);
  const wholeMs = performance.now() - startedAt;
  const pending = await atRest(chain);
  stalls.stop();

  const { settled } = loop;
  const at = recovered();
  const p99 = (from: number, to: number) =>
    percentile(
      settled.filter(({ dueAt }) => dueAt >= from && dueAt < to).map((asked) => asked.settledAt - asked.dueAt),
      0.99,
    );
  const lateness = ({ sentAt, settledAt }: Asked) =>
    settledAt - sentAt - deadlineMs - stalls.between(sentAt, settledAt);
  return {
    fault: fault.name,
    requests: settled.length,
    failed: settled.filter((asked) => !isRight(asked)).length,
    unknown: settled.filter(isUnknown).length,
    untyped: settled
      .filter((asked) => !isRight(asked) && !isCode(asked.code))
      .map(({ status, code }) => `${status} ${code}`),
    attempts: chain.attempts() - attemptsBefore,
    lateMs: Math.max(0, ...settled.map(lateness)),
    recoveryMs: at === undefined ? undefined : Math.max(0, at - overAt - stalls.between(overAt, at)),
    p99BeforeMs: p99(startedAt, beganAt),
    p99DuringMs: p99(beganAt, fault.end === undefined ? beganAt + load.duringMs : endedAt),
    pending,
    memoryMb: chain.peakMemoryMb(),
    ownShare: (user + system) / 1_000 / wholeMs,
    stalledMs: stalls.between(startedAt, startedAt + wholeMs),
    wholeMs,
  };
}

/** The beginning of the first second in which enough of what was due came right; undefined where there is none yet. */
function recoveredAt(settled: readonly Asked[], from: number, wanted: number): number | undefined {
  const right = settled.filter((asked) => isRight(asked) && asked.dueAt >= from).map(({ dueAt }) => dueAt);
  const end = performance.now() - windowMs;
  for (let begin = from; begin <= end; begin += stepMs) {
    if (right.filter((dueAt) => dueAt >= begin && dueAt < begin + windowMs).length >= Math.max(1, Math.floor(wanted)))
      return begin;
  }
  return undefined;
}

/** What is still under way when it should not be any more. */
async function atRest(chain: Chain): Promise<string[]> {
  await chain.system.ready();
  const giveUp = performance.now() + restWithinMs;
  for (;;) {
    const pending = await chain.pending();
    if (pending.length === 0 || performance.now() > giveUp) return pending;
    await pause(lookMs);
  }
}
