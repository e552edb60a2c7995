import type { Call, Handler } from "../core/call.js";
import type { Clock } from "../core/clock.js";
import { isError } from "../core/error.js";

/** What a process has answered since it started. */
export interface TrafficCounts {
  readonly calls: number;
  /** Of these, answered with what only a fault explains: never a refusal that a contract declares. */
  readonly failed: number;
  /** How many took how long; each step is √2 times as long as the one before. */
  readonly latencies: readonly number[];
}

const steps = 48;
/** The first step ends at a sixteenth of a millisecond. */
const stepOf = (elapsedMs: number): number => Math.min(steps - 1, Math.max(0, Math.ceil(2 * Math.log2(elapsedMs) + 8)));
const msOf = (step: number): number => 2 ** ((step - 8) / 2);

const faults = new Set(["internal", "unknown", "unavailable", "deadline_exceeded", "data_loss", "unimplemented"]);

/** Counts what comes into a process from outside. Calls between its own modules are not counted, and cost nothing. */
export class Traffic {
  #calls = 0;
  #failed = 0;
  readonly #latencies = Array.from({ length: steps }, () => 0);

  constructor(private readonly clock: Clock) {}

  get counts(): TrafficCounts {
    return { calls: this.#calls, failed: this.#failed, latencies: [...this.#latencies] };
  }

  /** Something was answered. */
  readonly count = (failed: boolean, elapsedMs: number): void => {
    this.#calls++;
    if (failed) this.#failed++;
    this.#latencies[stepOf(elapsedMs)]!++;
  };

  /** A handler whose answers are counted. */
  counting(next: Handler): Handler {
    return (call: Call) => {
      const startedAt = this.clock.now();
      return next(call).then(
        (reply) => {
          this.count(false, this.clock.now() - startedAt);
          return reply;
        },
        (error: unknown) => {
          this.count(isFault(error), this.clock.now() - startedAt);
          throw error;
        },
      );
    };
  }
}

const isFault = (error: unknown): boolean => !isError(error) || (error.reason === undefined && faults.has(error.code));

/** What was answered after `before` was counted. */
export const since = (before: TrafficCounts, now: TrafficCounts): TrafficCounts => ({
  calls: now.calls - before.calls,
  failed: now.failed - before.failed,
  latencies: now.latencies.map((count, step) => count - (before.latencies[step] ?? 0)),
});

/** With fewer calls than that, nothing can be said. */
const minCalls = 20;
const failureFactor = 2;
const failureMargin = 0.01;
const latencyFactor = 3;
const latencyMarginMs = 50;

/** In what the second is worse than the first, for people; undefined where it is not, or where too little is known. */
export function degradation(first: TrafficCounts, second: TrafficCounts): string | undefined {
  if (second.calls < minCalls) return undefined;
  const rateOf = ({ calls, failed }: TrafficCounts) => (calls === 0 ? 0 : failed / calls);
  if (rateOf(second) > failureFactor * rateOf(first) + failureMargin) {
    return `${second.failed} of ${second.calls} calls failed, of ${first.calls} before it ${first.failed}`;
  }
  if (first.calls < minCalls) return undefined;
  const [before, now] = [percentile95(first), percentile95(second)];
  if (now <= latencyFactor * before + latencyMarginMs) return undefined;
  return `its 95th percentile is ${Math.round(now)} ms, of the one before it ${Math.round(before)} ms`;
}

function percentile95({ calls, latencies }: TrafficCounts): number {
  let rest = calls * 0.95;
  for (const [step, count] of latencies.entries()) {
    rest -= count;
    if (rest <= 0) return msOf(step);
  }
  return msOf(steps - 1);
}
