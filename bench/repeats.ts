import type { Watched } from "./sentinel.js";

/** A gap that no scheduler makes on a machine that runs: a round with a longer one is measured again. */
export const maxGapMs = 25;
/** So often it is tried again, at most. */
const maxRepeats = 5;

/** How many rounds were measured, how many of them more than once, and how many had a gap in the end all the same. */
export interface Disturbance {
  readonly rounds: number;
  readonly repeated: number;
  readonly kept: number;
}

export const noDisturbance: Disturbance = { rounds: 0, repeated: 0, kept: 0 };

export const sumOf = (a: Disturbance, b: Disturbance): Disturbance => ({
  rounds: a.rounds + b.rounds,
  repeated: a.repeated + b.repeated,
  kept: a.kept + b.kept,
});

/**
 * Measures rounds, and at once again those during which the machine stood still, whoever's they are and whatever they
 * gave: a few times each, and for `budgetMs` in all, so that a run ends on a machine that stands still all the time.
 */
export class Repeats {
  #budgetMs: number;
  #disturbance = noDisturbance;

  constructor(budgetMs: number) {
    this.#budgetMs = budgetMs;
  }

  get disturbance(): Disturbance {
    return this.#disturbance;
  }

  /** Gives back the first try without a gap, else the one with the shortest. */
  async measure<T>(attempt: () => Promise<Watched<T>>): Promise<T> {
    let best = await attempt();
    let repeats = 0;
    while (best.longestGapMs > maxGapMs && repeats < maxRepeats && this.#budgetMs > 0) {
      const before = performance.now();
      const next = await attempt();
      this.#budgetMs -= performance.now() - before;
      repeats++;
      if (next.longestGapMs < best.longestGapMs) best = next;
    }
    this.#disturbance = sumOf(this.#disturbance, {
      rounds: 1,
      repeated: repeats > 0 ? 1 : 0,
      kept: best.longestGapMs > maxGapMs ? 1 : 0,
    });
    return best.value;
  }
}
