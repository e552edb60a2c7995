import type { Balancer } from "../core/balancer.js";

/** Takes the candidates in turn. */
export function roundRobin(): Balancer {
  let turn = 0;
  return {
    pick(candidates) {
      turn = (turn + 1) % candidates.length;
      return candidates[turn]!;
    },
  };
}
