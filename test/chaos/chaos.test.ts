import { describe, expect, it } from "vitest";
import { faults } from "./faults.js";
import { shortPlan, shortSeed, topologyOf } from "./plan.js";
import { violationsOf } from "./report.js";
import { run } from "./trial.js";

// Whole systems, on a machine that may be busy with others.
const timeoutMs = 300_000;

describe("a shop that is hurt", () => {
  it.each(shortPlan)(
    "loses and doubles nothing: $layout, $fault",
    async ({ layout, fault: name }) => {
      const topology = await topologyOf(layout);
      const fault = faults.find((each) => each.name === name)!;
      const outcome = await run({ topology, fault, seed: shortSeed, round: 1, orders: 12 });
      expect(violationsOf(outcome), outcome.output).toEqual([]);
    },
    timeoutMs,
  );
});
