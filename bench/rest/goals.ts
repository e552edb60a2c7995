import type { Goal } from "../results.js";
import { type Memory, monolith, type RestResult, split } from "./results.js";

const maxAboveImportsMb = 25;

/**
 * Limits as goals like the others: how many times the figure fits below its limit, which must be once. Without results
 * none is measured.
 */
export function judgeRest(results: readonly RestResult[]): Goal[] {
  const find = (wanted: string) => results.find(({ name }) => name === wanted)!;
  const goal = (name: string, measure: () => number): Goal => {
    return { name, atLeast: 1, aim: null, measured: results.length === 0 ? null : measure() };
  };
  const memoryOf = (system: string) => Object.values(find(system).memory);
  const below = (limit: number, memories: readonly Memory[]) =>
    Math.min(...memories.map(({ resident }) => limit / resident.median));
  return [
    goal("monolith ready in at most 1,500 ms, limit / measured", () => 1_500 / find(monolith).readyMs.median),
    goal("split ready in at most 6,000 ms, limit / measured", () => 6_000 / find(split).readyMs.median),
    goal("monolith resident in at most 150 MB, limit / measured", () => below(150, memoryOf(monolith))),
    goal("each process of the split resident in at most 120 MB, limit / largest", () => below(120, memoryOf(split))),
    goal(`each process at most ${maxAboveImportsMb} MB above its imports alone, limit / measured`, () =>
      Math.min(...[...memoryOf(monolith), ...memoryOf(split)].map(belowImports)),
    ),
  ];
}

const belowImports = ({ resident, importsOnly }: Memory): number =>
  (importsOnly.median + maxAboveImportsMb) / resident.median;
