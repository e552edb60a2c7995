import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Chain, startChain } from "./chain-system.js";
import { faultNamed } from "./faults.js";
import { trial } from "./trial.js";

// The short form of `npm run test:faults`: what must hold however slow the machine is.
describe("a chain of four processes, the leaf over HTTP and the rest over Redis", { timeout: 300_000 }, () => {
  let chain: Chain;
  beforeAll(async () => {
    chain = await startChain("mixed");
  }, 300_000);
  afterAll(() => chain?.stop());

  const load = { rate: 8, beforeMs: 1_500, recoverWithinMs: 120_000 };
  /** Longer than a deadline where nobody says that nobody is there. */
  const silentMs = 6_000;

  it.each([
    ["cut", 2_000],
    ["half-open", silentMs],
    ["leaf paused", 2_000],
    ["leaf killed", 1_000],
    ["Redis paused", silentMs],
    ["Redis killed", 2_000],
  ])("settles every call, spares the leaf and works again: %s", async (name, duringMs) => {
    const figures = await trial(chain, faultNamed(name), { ...load, duringMs });
    expect(figures.untyped).toEqual([]);
    expect(figures.attempts).toBeLessThanOrEqual(1.2 * figures.requests + 5);
    expect(figures.pending).toEqual([]);
    expect(figures.recoveryMs).toBeDefined();
  });
});
