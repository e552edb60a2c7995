import type { Balancer, Candidate } from "../core/balancer.js";

/**
 * Sends everything to one candidate, the one of the highest weight and among equals of the first name, which every
 * caller finds by itself; the next takes over when that one is gone or ejected.
 */
export function activeStandby(): Balancer {
  let seen: readonly Candidate[] | undefined;
  let active: Candidate | undefined;
  return {
    pick<C extends Candidate>(candidates: readonly C[]): C {
      if (seen !== candidates) {
        seen = candidates;
        [active] = candidates.toSorted((a, b) => b.weight - a.weight || (a.id < b.id ? -1 : 1));
      }
      return active as C;
    },
  };
}
