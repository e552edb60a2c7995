import { DefinitionError } from "../core/contract.js";

/** How something that failed is tried again. Lengths are milliseconds. */
export interface Retry {
  /** How often it is tried, the first time included; by default as often as its deadline allows. */
  readonly attempts?: number;
  /** The pause after the first failure; each further one takes twice as long. By default 100. */
  readonly backoffMs?: number;
  /** No pause is longer than this. By default 5,000. */
  readonly maxBackoffMs?: number;
}

/** How long to wait after so many failures, in milliseconds. */
export const pauseAfter = (failures: number, { backoffMs = 100, maxBackoffMs = 5_000 }: Retry = {}): number =>
  Math.min(backoffMs * 2 ** (failures - 1), maxBackoffMs);

/** Refuses numbers with which nothing could be tried, or without any pause. */
export function checkRetry(place: string, { attempts = 1, backoffMs = 1, maxBackoffMs = 1 }: Retry = {}): void {
  if (attempts >= 1 && backoffMs > 0 && maxBackoffMs > 0) return;
  throw new DefinitionError(`${place}: retry: attempts is 1 or more, backoffMs and maxBackoffMs are above 0`);
}
