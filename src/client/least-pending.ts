import type { Balancer, Candidate } from "../core/balancer.js";

/** How much a candidate has to do for its weight, with one call more. */
const loadOf = ({ pending, weight, warmth }: Candidate): number => (pending + 1) / (weight * warmth);

/**
 * Takes two candidates by chance and of these the one with fewer calls under way, for its weight. Close to the best of
 * all, without every caller running to the same one.
 */
export const leastPending = (random: () => number): Balancer => ({
  pick<C extends Candidate>(candidates: readonly C[]): C {
    const [one, other] = twoOf(candidates, random);
    return loadOf(other) < loadOf(one) ? other : one;
  },
});

/** Two different candidates, each pair as likely as another. */
export function twoOf<C>(candidates: readonly C[], random: () => number): [C, C] {
  const first = Math.floor(random() * candidates.length);
  const step = 1 + Math.floor(random() * (candidates.length - 1));
  return [candidates[first]!, candidates[(first + step) % candidates.length]!];
}
