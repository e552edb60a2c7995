import { describe, expect, it } from "vitest";
import { Repeats } from "../../bench/repeats.js";
import { watched } from "../../bench/sentinel.js";

/** Tries that take two milliseconds each, have these gaps, and give their own number. */
function tries(...gaps: readonly number[]) {
  let made = 0;
  const attempt = async () => {
    await new Promise((resolve) => setTimeout(resolve, 2));
    return { value: made, longestGapMs: gaps[made++]! };
  };
  return { attempt, made: () => made };
}

describe("a round", () => {
  it("is measured once on a machine that runs", async () => {
    const repeats = new Repeats(1_000);
    const { attempt, made } = tries(6, 300);
    expect(await repeats.measure(attempt)).toBe(0);
    expect(made()).toBe(1);
    expect(repeats.disturbance).toEqual({ rounds: 1, repeated: 0, kept: 0 });
  });

  it("is measured again until the machine runs all the while", async () => {
    const repeats = new Repeats(1_000);
    expect(await repeats.measure(tries(300, 26, 25, 1).attempt)).toBe(2);
    expect(repeats.disturbance).toEqual({ rounds: 1, repeated: 1, kept: 0 });
  });

  it("is kept as it was least disturbed, where all its tries are used up", async () => {
    const repeats = new Repeats(1_000);
    const { attempt, made } = tries(300, 200, 90, 500, 600, 700, 1, 1);
    expect(await repeats.measure(attempt)).toBe(2);
    expect(made()).toBe(6);
    expect(repeats.disturbance).toEqual({ rounds: 1, repeated: 1, kept: 1 });
  });

  it("is not measured again when the time for that is used up", async () => {
    const repeats = new Repeats(1);
    const { attempt, made } = tries(300, 300, 300, 300);
    await repeats.measure(attempt);
    await repeats.measure(attempt);
    expect(made()).toBe(3);
    expect(repeats.disturbance).toEqual({ rounds: 2, repeated: 1, kept: 2 });
  });
});

describe("the sentinel", () => {
  const standStill = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

  it("sees a gap in the middle of the work", async () => {
    const { value, longestGapMs } = await watched(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      standStill(60);
      await new Promise((resolve) => setTimeout(resolve, 20));
      return "done";
    });
    expect(value).toBe("done");
    expect(longestGapMs).toBeGreaterThan(50);
  });

  it("sees a gap in which the work ends", async () => {
    const { longestGapMs } = await watched(() => Promise.resolve(standStill(60)));
    expect(longestGapMs).toBeGreaterThan(50);
  });
});
