import { describe, expect, it } from "vitest";
import { describeMachine } from "../../bench/machine.js";
import { leftNothing, reportOf } from "./report.js";
import { soak, soakTransports } from "./soak.js";

/** A call that leaves 100 bytes behind shows; what the engine itself keeps for later does not. */
const calls = { "in-process": 50_000, http: 20_000, redis: 20_000 };

describe("many calls", () => {
  for (const transport of soakTransports) {
    it(`over ${transport} leave nothing pending and the heap as it was`, async () => {
      const { pending, heapEarly, heapEnd } = await soak(transport, calls[transport]);
      expect(pending).toBe(0);
      expect((heapEnd - heapEarly) / (calls[transport] * 0.8)).toBeLessThan(100);
    }, 300_000);
  }
});

it("the report names what left something behind", () => {
  const result = { calls: 1_000_000, seconds: 60, pending: 0, heapEarly: 20_000_000, heapEnd: 20_500_000 };
  expect([result, { ...result, pending: 1 }, { ...result, heapEnd: 25_000_000 }].map(leftNothing)).toEqual([
    true,
    false,
    false,
  ]);
  const text = reportOf(
    new Map([
      ["http", result],
      ["redis", { ...result, pending: 1 }],
    ] as const),
    describeMachine(undefined),
  );
  expect(text).toContain("| http | 1,000,000 | 0 | 19.1 MB | 19.6 MB | yes |");
  expect(text).toContain("| redis | 1,000,000 | 1 | 19.1 MB | 19.6 MB | **no** |");
});
