import type { Balancer } from "../core/balancer.js";
import type { Call } from "../core/call.js";
import type { Clock } from "../core/clock.js";
import { activeStandby } from "./active-standby.js";
import { consistentHash } from "./consistent-hash.js";
import { leastPending } from "./least-pending.js";
import { peakEwma } from "./peak-ewma.js";
import { random, weighted } from "./random.js";
import { roundRobin } from "./round-robin.js";
import { zonePreference } from "./zone-preference.js";

/** What a balancer may need of the process that calls. */
export interface BalancerParts {
  readonly clock: Clock;
  /** Evenly from 0 to below 1. */
  readonly random: () => number;
  /** Where this process stands. */
  readonly zone: string | undefined;
  /** The key that the contract's procedure names for a call, if it does. */
  readonly keyOf: (call: Call) => string | undefined;
}

const balancers: Readonly<Record<string, (parts: BalancerParts) => Balancer>> = {
  "least-pending": ({ random }) => leastPending(random),
  "round-robin": roundRobin,
  random: (parts) => random(parts.random),
  weighted: (parts) => weighted(parts.random),
  "peak-ewma": ({ clock, random }) => peakEwma(clock, random),
  "consistent-hash": ({ keyOf, random }) => consistentHash(keyOf, leastPending(random)),
  zone: ({ zone, random }) => zonePreference(zone, leastPending(random)),
  "active-standby": activeStandby,
};

/** As topologies name them; the first is the default. */
export const balancerNames: readonly string[] = Object.keys(balancers);

/** Makes a balancer by its name. Throws where there is none of that name: a topology has been checked before. */
export function createBalancer(name: string, parts: BalancerParts): Balancer {
  const create = Object.hasOwn(balancers, name) ? balancers[name] : undefined;
  if (create === undefined) throw new Error(`there is no balancer "${name}"; there are ${balancerNames.join(", ")}`);
  return create(parts);
}
