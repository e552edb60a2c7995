import type { Balancer, Candidate } from "../core/balancer.js";
import type { Call } from "../core/call.js";

/**
 * Sends calls of one key to one candidate: the one that the key and its name give the highest number, with a chance that
 * follows its weight (rendezvous hashing). When one comes or goes, only the keys move that it gets or had. Calls without
 * a key go as `otherwise` says.
 */
export const consistentHash = (keyOf: (call: Call) => string | undefined, otherwise: Balancer): Balancer => ({
  pick<C extends Candidate>(candidates: readonly C[], call: Call): C {
    const key = keyOf(call);
    if (key === undefined) return otherwise.pick(candidates, call);
    let best = candidates[0]!;
    let highest = Number.NEGATIVE_INFINITY;
    for (const candidate of candidates) {
      const score = -candidate.weight / Math.log(fractionOf(`${candidate.id} ${key}`));
      if (score <= highest) continue;
      highest = score;
      best = candidate;
    }
    return best;
  },
});

/** A number between 0 and 1 that looks like chance and is the same for the same text (FNV-1a, mixed as MurmurHash3 does). */
function fractionOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) + 0.5) / 2 ** 32;
}
