import type { Spread } from "../statistics.js";

/** The two systems that are looked at, by name. */
export const monolith = "monolith";
export const split = "split";

/** So long after it is ready, or loaded, a process is looked at: it has put away what it needed to start. */
export const settleMs = 2_000;

/** Resident memory of a process at rest, and of one that only imports the same libraries. MB. */
export interface Memory {
  readonly resident: Spread;
  readonly importsOnly: Spread;
}

/** A system of the shop: how fast it starts, and what it takes when nobody asks it. */
export interface RestResult {
  readonly name: string;
  /** From the start of its first process until `/readyz` says 200, with nothing compiled before. Milliseconds. */
  readonly readyMs: Spread;
  /** The same with the compile cache that an earlier start has left. */
  readonly readyAgainMs: Spread;
  /** Process → memory. */
  readonly memory: Readonly<Record<string, Memory>>;
}
