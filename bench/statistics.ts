/** One figure over all rounds: the middle, between which values half of the rounds lie, and every round. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly rounds: readonly number[];
}

function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const below = Math.floor(at);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below]! + (sorted[above]! - sorted[below]!) * (at - below);
}

export function spreadOf(rounds: readonly number[]): Spread {
  const sorted = rounds.toSorted((a, b) => a - b);
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75), rounds };
}

/**
 * How many times `a` is `b`: the median over the pairs measured in the same round, so that a slow minute of the machine
 * weighs on both.
 */
export const ratioOf = (a: Spread, b: Spread): number =>
  spreadOf(a.rounds.map((value, round) => value / b.rounds[round]!)).median;
