import { array, assert, constantFrom, double, property } from "fast-check";
import { expect, it } from "vitest";
import { quantileMs, sumOf, Times } from "../../src/observability/times.js";

const lengths = array(double({ min: 0.001, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 200 });

it("gives back every quantile within an eighth of what it was", () => {
  assert(
    property(lengths, constantFrom(0.5, 0.9, 0.99, 1), (all, share) => {
      const times = new Times();
      for (const length of all) times.add(length, 1);
      const sorted = all.toSorted((a, b) => a - b);
      const exact = sorted[Math.ceil(share * sorted.length) - 1]!;
      const shown = quantileMs(times, share)!;
      expect(shown).toBeGreaterThanOrEqual(exact * 0.875 - 0.001);
      expect(shown).toBeLessThanOrEqual(exact * 1.125 + 0.001);
    }),
  );
});

it("counts below each end exactly what was shorter, and all of it in the end", () => {
  assert(
    property(lengths, (all) => {
      const times = new Times();
      for (const length of all) times.add(length, 1);
      for (const [end, count] of times.cumulative()) {
        // Whole microseconds are counted.
        expect(count).toBe(all.filter((length) => Math.floor(length * 1_000) < end * 1_000_000).length);
      }
      expect(times.count).toBe(all.length);
    }),
  );
});

it("counts one that stands for others as often as there are of them", () => {
  const times = new Times();
  times.add(10, 16);
  expect(times).toMatchObject({ count: 16, sumMs: 160 });
});

it("shows of the present what came since the mark before last", () => {
  const times = new Times();
  times.add(1, 1);
  times.mark();
  times.add(2, 1);
  expect(times.recent().count).toBe(2);
  times.mark();
  expect(times.recent().count).toBe(1);
  times.mark();
  expect(times.recent()).toMatchObject({ count: 0, sumMs: 0 });
  expect(quantileMs(times.recent(), 0.5)).toBeUndefined();
  expect(sumOf([times, times]).count).toBe(4);
});
