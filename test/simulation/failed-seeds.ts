import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../scenarios/layouts.js";

const file = join(projectFolder, "test/simulation/failed-seeds.json");

/** Seeds that have once shown a bug: they run before all others, for good. */
export const failedSeeds = (): number[] => JSON.parse(readFileSync(file, "utf8")) as number[];

/** Keeps a seed for every run to come. */
export function keepFailedSeed(seed: number): void {
  const seeds = [...new Set([...failedSeeds(), seed])].toSorted((a, b) => a - b);
  writeFileSync(file, `[${seeds.join(", ")}]\n`);
}
