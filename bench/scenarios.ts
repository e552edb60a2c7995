import type { Area } from "./contender.js";
import type { Load } from "./load.js";

/** One situation in which every contender of an area is measured. */
export interface Scenario {
  readonly name: string;
  readonly load: Omit<Load, "durationMs">;
}

const remote = (name: string, load: Partial<Load>): Scenario => ({
  name,
  load: { inFlight: 64, size: "290 B", paceMs: 0, stride: 1, ...load },
});

const betweenProcesses: readonly Scenario[] = [
  remote("c=1", { inFlight: 1 }),
  remote("c=64", {}),
  remote("c=512", { inFlight: 512 }),
  remote("c=64, 0-5 ms", { paceMs: 5 }),
  remote("c=512, 0-5 ms", { inFlight: 512, paceMs: 5 }),
  remote("c=64, 4 kB", { size: "4 kB" }),
  remote("c=64, 64 kB", { size: "64 kB" }),
];

export const scenariosOf: Readonly<Record<Area, readonly Scenario[]>> = {
  local: [remote("c=1", { inFlight: 1, stride: 100 }), remote("c=1, 4 kB", { inFlight: 1, stride: 10, size: "4 kB" })],
  http: betweenProcesses,
  redis: betweenProcesses,
  gateway: [remote("c=64", {}), remote("c=64, 4 kB", { size: "4 kB" })],
};

/** How often and how long each scenario is measured for each contender. */
export interface Effort {
  readonly rounds: number;
  readonly durationMs: number;
}

/** Many short rounds: where a virtual machine stands still for a moment, one round of one contender is measured again. */
export const effortOf = (area: Area, quick: boolean): Effort => {
  if (area === "local") return { rounds: quick ? 101 : 301, durationMs: 5 };
  return { rounds: quick ? 11 : 25, durationMs: 60 };
};

/** How long each contender runs before anything is measured, until its code is compiled. */
export const warmUpMs = (effort: Effort): number => Math.max(1_000, effort.durationMs * 4);

/** How long rounds of one scenario may be repeated, in all: six times as long as the scenario takes without. */
export const repeatBudgetMs = (contenders: number, { rounds, durationMs }: Effort): number =>
  6 * contenders * rounds * 2 * durationMs;
