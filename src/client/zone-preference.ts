import type { Balancer, Candidate } from "../core/balancer.js";

/** Asks the candidates of its own zone, spread as `among` says, and the others only where there is none. */
export function zonePreference(zone: string | undefined, among: Balancer): Balancer {
  // The list is the same until an instance comes or goes: it is divided once.
  let seen: readonly Candidate[] | undefined;
  let near: readonly Candidate[] = [];
  return {
    pick<C extends Candidate>(candidates: readonly C[], call: Parameters<Balancer["pick"]>[1]): C {
      if (seen !== candidates) {
        const own = zone === undefined ? [] : candidates.filter((candidate) => candidate.zone === zone);
        [seen, near] = [candidates, own.length === 0 ? candidates : own];
      }
      return near.length === 1 ? (near[0] as C) : among.pick(near as readonly C[], call);
    },
  };
}
