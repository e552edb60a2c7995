import type { Balancer, Candidate } from "../core/balancer.js";

/** Takes any of the candidates, each as likely as another. */
export const random = (next: () => number): Balancer => ({
  pick: (candidates) => candidates[Math.floor(next() * candidates.length)]!,
});

/** Takes any of the candidates, each as likely as its weight's share of the sum; a newcomer less. */
export const weighted = (next: () => number): Balancer => ({
  pick<C extends Candidate>(candidates: readonly C[]): C {
    let sum = 0;
    for (const { weight, warmth } of candidates) sum += weight * warmth;
    let rest = next() * sum;
    for (const candidate of candidates) {
      rest -= candidate.weight * candidate.warmth;
      if (rest < 0) return candidate;
    }
    // Only what rounding has left over.
    return candidates.at(-1)!;
  },
});
