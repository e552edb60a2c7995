import { describe, expect, it } from "vitest";
import { verdictOf } from "../../bench/goals.js";
import { judgeRest } from "../../bench/rest/goals.js";
import { restPart } from "../../bench/rest/report.js";
import type { RestResult } from "../../bench/rest/results.js";
import { spreadOf } from "../../bench/statistics.js";

/** A system that is ready after `readyMs`, and whose processes take so many MB, and only for imports so many. */
const system = (name: string, readyMs: number, memory: Record<string, readonly [number, number]>): RestResult => ({
  name,
  readyMs: spreadOf([readyMs]),
  readyAgainMs: spreadOf([readyMs / 2]),
  memory: Object.fromEntries(
    Object.entries(memory).map(([process, [resident, importsOnly]]) => [
      process,
      { resident: spreadOf([resident]), importsOnly: spreadOf([importsOnly]) },
    ]),
  ),
});

const verdicts = (...results: readonly RestResult[]) => judgeRest(results).map(verdictOf);

describe("goals of start and memory", () => {
  it("are reached within every limit", () => {
    const monolith = system("monolith", 1_499, { shop: [149, 125] });
    const split = system("split", 5_999, { gateway: [100, 90], users: [119, 95] });
    expect(verdicts(monolith, split)).toEqual(["reached", "reached", "reached", "reached", "reached"]);
    expect(restPart([monolith, split])).toContain("| split: users | 119 (119–119) | 95 (95–95) | 24 |");
  });

  it("are missed by one process too large, or a start too slow", () => {
    const monolith = system("monolith", 1_501, { shop: [151, 130] });
    const split = system("split", 6_001, { gateway: [80, 54], users: [121, 100] });
    expect(verdicts(monolith, split)).toEqual(["missed", "missed", "missed", "missed", "missed"]);
  });

  it("are not measured where the shop did not start", () => {
    expect(new Set(verdicts())).toEqual(new Set(["not measured"]));
  });

  it("of what a process is above its imports count the one that is furthest", () => {
    const monolith = system("monolith", 1, { shop: [100, 90] });
    const split = system("split", 1, { gateway: [80, 54], users: [80, 70] });
    expect(verdicts(monolith, split).at(-1)).toBe("missed");
  });
});
