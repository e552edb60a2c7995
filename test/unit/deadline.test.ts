import * as fc from "fast-check";
import { Deadlines } from "pangaea";
import { describe, expect, it } from "vitest";
import { HandClock } from "./hand-clock.js";

describe("a deadline", () => {
  it("passes within 20 ms after its moment and never before, however many there are and whenever they were set", () => {
    const setting = fc.record({
      waitMs: fc.double({ min: 0, max: 40, noNaN: true }),
      lengthMs: fc.double({ min: -50, max: 500, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(setting, { maxLength: 200 }), (settings) => {
        const clock = new HandClock();
        const deadlines = new Deadlines(clock);
        const late: number[] = [];
        for (const { waitMs, lengthMs } of settings) {
          clock.advance(waitMs);
          // What has passed already counts from the moment it was set.
          const due = Math.max(clock.now() + lengthMs, clock.now());
          deadlines.add(clock.now() + lengthMs, () => late.push(clock.now() - due));
        }
        clock.advance(1_000);
        expect(late).toHaveLength(settings.length);
        for (const lateness of late) {
          expect(lateness).toBeGreaterThanOrEqual(0);
          expect(lateness).toBeLessThanOrEqual(20);
        }
        expect(deadlines.size).toBe(0);
      }),
    );
  });

  it("does not pass once it was taken back, and taking it back twice changes nothing", () => {
    const clock = new HandClock();
    const deadlines = new Deadlines(clock);
    const passed: string[] = [];
    const remove = deadlines.add(100, () => passed.push("removed"));
    deadlines.add(100, () => passed.push("kept"));
    expect(deadlines.size).toBe(2);
    remove();
    remove();
    expect(deadlines.size).toBe(1);
    clock.advance(200);
    remove();
    expect(passed).toEqual(["kept"]);
    expect(deadlines.size).toBe(0);
  });

  it("stands with thousands of others on one timer, and on none while there are none", () => {
    const clock = new HandClock();
    const deadlines = new Deadlines(clock);
    expect(clock.timers).toBe(0);
    let passed = 0;
    const removals = Array.from({ length: 10_000 }, (_, index) => deadlines.add(index / 10, () => passed++));
    expect([deadlines.size, clock.timers]).toEqual([10_000, 1]);
    for (const [index, remove] of removals.entries()) if (index % 2 === 0) remove();
    expect(deadlines.size).toBe(5_000);
    clock.advance(2_000);
    expect([passed, deadlines.size, clock.timers]).toEqual([5_000, 0, 0]);
  });

  it("leaves no timer behind when the last one is taken back", () => {
    const clock = new HandClock();
    const deadlines = new Deadlines(clock);
    deadlines.add(10_000, () => {})();
    clock.advance(20);
    expect(clock.timers).toBe(0);
  });

  it("passes at once when the event loop comes back from a stall, whether many or few were due", () => {
    for (const many of [1, 5_000]) {
      const clock = new HandClock();
      const deadlines = new Deadlines(clock);
      let passed = 0;
      for (let index = 0; index < many; index++) deadlines.add(15 + index, () => passed++);
      deadlines.add(50_000, () => passed++);
      clock.stall(30_000);
      expect([passed, deadlines.size]).toEqual([many, 1]);
    }
  });

  it("may be set while another passes", () => {
    const clock = new HandClock();
    const deadlines = new Deadlines(clock);
    const passed: number[] = [];
    deadlines.add(30, () => {
      deadlines.add(30, () => passed.push(clock.now()));
      deadlines.add(95, () => passed.push(clock.now()));
    });
    clock.advance(200);
    expect(passed).toEqual([40, 100]);
    expect([deadlines.size, clock.timers]).toEqual([0, 0]);
  });

  it("passes in time again after a time without any", () => {
    const clock = new HandClock();
    const deadlines = new Deadlines(clock);
    deadlines.add(10, () => {});
    clock.advance(5_003);
    let at = 0;
    deadlines.add(clock.now() + 7, () => (at = clock.now()));
    clock.advance(100);
    expect(at).toBeGreaterThanOrEqual(5_010);
    expect(at).toBeLessThanOrEqual(5_030);
  });
});
