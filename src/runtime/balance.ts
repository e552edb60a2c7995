import { balancerNames, createBalancer } from "../client/balancers.js";
import type { Balancer } from "../core/balancer.js";
import type { Call } from "../core/call.js";
import type { ProcessOptions } from "./process-runtime.js";

/** How a process spreads its calls, by service: as its topology says. */
export function balancersOf(options: ProcessOptions): (service: string) => Balancer {
  const { topology, process, modules, parts } = options;
  const keyOf = ({ service, method, kind, input }: Call): string | undefined =>
    kind === "request" ? modules.get(service)?.contract.procedures[method]?.balanceKey?.(input) : undefined;
  let next: (() => number) | undefined;
  // Seeded when it is first needed: where nothing is spread, nothing is random.
  const random = () => (next ??= randomFrom(Number.parseInt(parts.ids.hex(4), 16)))();
  const needed = { clock: parts.clock, random, zone: process.zone, keyOf };
  const nameOf = (service: string) =>
    topology.balance?.get(service) ?? topology.balance?.get("default") ?? balancerNames[0]!;
  return (service) => createBalancer(nameOf(service), needed);
}

/** Evenly spread numbers from 0 to below 1, the same for the same seed (mulberry32). Good enough to spread calls, no secret. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
