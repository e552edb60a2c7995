import type { Call } from "./call.js";

/** Chooses where a call goes. `candidates` is never empty. */
export interface Balancer {
  pick<E>(candidates: readonly E[], call: Call): E;
}
