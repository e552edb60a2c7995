import type { Balancer, Candidate } from "../core/balancer.js";
import type { Clock } from "../core/clock.js";
import { twoOf } from "./least-pending.js";

/** What was measured so long ago counts for a third of what is measured now. */
const memoryMs = 10_000;

interface Measured {
  latencyMs: number;
  at: number;
}

/**
 * Takes two candidates by chance and of these the one that promises the earlier answer: its latency times the calls
 * under way, for its weight. A latency rises at once with a slow answer and falls slowly. One that was never measured is
 * taken to be quick, so that it is.
 */
export function peakEwma(clock: Clock, random: () => number): Balancer {
  const measured = new WeakMap<Candidate, Measured>();
  const costOf = (candidate: Candidate): number =>
    ((measured.get(candidate)?.latencyMs ?? 0) * (candidate.pending + 1)) / (candidate.weight * candidate.warmth);
  return {
    pick<C extends Candidate>(candidates: readonly C[]): C {
      const [one, other] = twoOf(candidates, random);
      const [costOfOne, costOfOther] = [costOf(one), costOf(other)];
      if (costOfOne === costOfOther) return other.pending < one.pending ? other : one;
      return costOfOther < costOfOne ? other : one;
    },
    observe(candidate, elapsedMs) {
      const now = clock.now();
      const before = measured.get(candidate);
      if (before === undefined) {
        measured.set(candidate, { latencyMs: elapsedMs, at: now });
        return;
      }
      const kept = elapsedMs > before.latencyMs ? 0 : Math.exp(-(now - before.at) / memoryMs);
      before.latencyMs = before.latencyMs * kept + elapsedMs * (1 - kept);
      before.at = now;
    },
  };
}
