import type { Answered } from "../core/meter.js";
import { quantileMs } from "../observability/times.js";

/** What was answered after `before` was counted. */
export const since = (before: Answered, now: Answered): Answered => ({
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
export function degradation(first: Answered, second: Answered): string | undefined {
  if (second.calls < minCalls) return undefined;
  const rateOf = ({ calls, failed }: Answered) => (calls === 0 ? 0 : failed / calls);
  if (rateOf(second) > failureFactor * rateOf(first) + failureMargin) {
    return `${second.failed} of ${second.calls} calls failed, of ${first.calls} before it ${first.failed}`;
  }
  if (first.calls < minCalls) return undefined;
  const [before, now] = [first, second].map(({ latencies }) => percentile95(latencies));
  if (before === undefined || now === undefined || now <= latencyFactor * before + latencyMarginMs) return undefined;
  return `its 95th percentile is ${Math.round(now)} ms, of the one before it ${Math.round(before)} ms`;
}

const percentile95 = (counts: readonly number[]): number | undefined =>
  quantileMs({ counts, count: counts.reduce((sum, here) => sum + here, 0) }, 0.95);
