import type { Call } from "./call.js";

/** An instance as a balancer sees it. */
export interface Candidate {
  /** The instance's name; the same in every process. */
  readonly id: string;
  /** Calls of this process that are under way with it. */
  readonly pending: number;
  /** Its share beside the others; 1 is usual. */
  readonly weight: number;
  /** Small for a newcomer, which is not to get its whole share at once; it grows to 1. */
  readonly warmth: number;
  readonly zone: string | undefined;
}

/** Chooses where a call goes. */
export interface Balancer {
  /** `candidates` has at least two, and is the same array until one comes or goes. */
  pick<C extends Candidate>(candidates: readonly C[], call: Call): C;
  /** How long a call took, in milliseconds, whatever came of it. Who needs no times leaves it out, and nothing is measured. */
  observe?(candidate: Candidate, elapsedMs: number): void;
}
