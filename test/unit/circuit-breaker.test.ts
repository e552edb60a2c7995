import { errorOf, fail } from "pangaea";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CircuitBreaker } from "../../src/interceptors/circuit-breaker.js";
import { HandClock } from "./hand-clock.js";
import { answers, isAway, isSilent, protectedClient } from "./protected-client.js";

const settings = { failureRatio: 0.5, minCalls: 10, windowMs: 10_000, openMs: 1_000 };

/** What may happen to a breaker, one after the other. */
const happening = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ what: fc.constant("call" as const), well: fc.constantFrom(true, false, undefined) }),
  },
  // A call that is let through and of which nobody ever hears again.
  { weight: 1, arbitrary: fc.record({ what: fc.constant("lost" as const) }) },
  // The outcome of a call that was let through long ago.
  { weight: 1, arbitrary: fc.record({ what: fc.constant("late" as const), well: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("time" as const), ms: fc.integer({ min: 1, max: 4_000 }) }) },
);
const someSettings = fc.record({
  failureRatio: fc.double({ min: 0.01, max: 1, noNaN: true }),
  minCalls: fc.integer({ min: 1, max: 20 }),
  windowMs: fc.integer({ min: 100, max: 20_000 }),
  openMs: fc.integer({ min: 1, max: 5_000 }),
});

describe("a circuit breaker, whatever happens to it", () => {
  it("heals: once the endpoint answers, calls pass again within twice the time that it is open", () => {
    fc.assert(
      fc.property(someSettings, fc.array(happening, { maxLength: 60 }), (own, history) => {
        const clock = new HandClock();
        // Beside a sibling that is closed, so that nothing is let through early.
        const siblings = new Set<CircuitBreaker>([new CircuitBreaker(clock, own)]);
        const breaker = new CircuitBreaker(clock, own, siblings);
        siblings.add(breaker);
        live(breaker, clock, history);
        clock.advance(2 * own.openMs);
        expect(breaker.admits()).toBe(true);
        breaker.record(true);
        expect(breaker.state).toBe("closed");
        expect(breaker.admits()).toBe(true);
      }),
    );
  });

  it("opens only at the share and number of failures that it is set to", () => {
    fc.assert(
      fc.property(someSettings, fc.array(fc.boolean(), { maxLength: 60 }), (own, results) => {
        const clock = new HandClock();
        const breaker = new CircuitBreaker(clock, own);
        let [calls, failures] = [0, 0];
        for (const isWell of results) {
          breaker.record(isWell);
          calls++;
          if (!isWell) failures++;
          const mustOpen = !isWell && calls >= own.minCalls && failures >= own.failureRatio * calls;
          expect(breaker.state === "closed").toBe(!mustOpen);
          if (mustOpen) return;
        }
      }),
    );
  });

  it("lets one call at a time find out, while it is not closed", () => {
    fc.assert(
      fc.property(someSettings, fc.integer({ min: 2, max: 50 }), (own, count) => {
        const clock = new HandClock();
        const breaker = new CircuitBreaker(clock, own);
        for (let failure = 0; failure < own.minCalls; failure++) breaker.record(false);
        expect(breaker.state).toBe("open");
        clock.advance(own.openMs);
        const admitted = Array.from({ length: count }, () => breaker.admits()).filter(Boolean);
        expect(admitted).toHaveLength(1);
      }),
    );
  });

  it("of several that are all open, asks somebody: no service is ever without anybody to try", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), (count) => {
        const clock = new HandClock();
        const siblings = new Set<CircuitBreaker>();
        for (let index = 0; index < count; index++) siblings.add(new CircuitBreaker(clock, settings, siblings));
        for (const breaker of siblings) {
          for (let failure = 0; failure < settings.minCalls; failure++) breaker.record(false);
          // As long as another one is closed, an open one refuses.
          expect(breaker.admits()).toBe([...siblings].every(({ state }) => state === "open"));
        }
        const [first] = siblings;
        expect(first!.admits()).toBe(count > 1);
        expect(first!.admits()).toBe(false);
      }),
    );
  });
});

type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

function live(breaker: CircuitBreaker, clock: HandClock, history: readonly Happening[]): void {
  for (const step of history) {
    if (step.what === "time") clock.advance(step.ms);
    else if (step.what === "late") breaker.record(step.well);
    else if (breaker.admits() && step.what === "call") breaker.record(step.well);
  }
}

describe("calls over a circuit breaker", () => {
  const alone = { retry: undefined, bulkhead: undefined };

  /** So many calls, one after the other, each with so much time before the next. */
  async function callAll(system: ReturnType<typeof protectedClient>, count: number, pauseMs = 0) {
    const calls = [];
    for (let index = 0; index < count; index++) {
      const call = system.call("add", 500);
      calls.push(call);
      await system.settled(call);
      await system.pass(pauseMs);
    }
    return calls;
  }

  it("are refused at once while an endpoint is silent, but for one a second, and pass when it is back", async () => {
    let isBack = false;
    const system = protectedClient({
      endpoints: [(call) => (isBack ? answers(call) : isSilent(call))],
      service: alone,
    });
    await callAll(system, 10);
    const before = system.attempts.length;
    const begun = system.clock.now();
    const burst = Array.from({ length: 100 }, () => system.call("add", 500));
    await system.settled(...burst);
    expect(system.attempts.length - before).toBe(1);
    const refused = burst.filter(({ settledAt }) => settledAt === begun);
    expect(refused).toHaveLength(99);
    expect(refused[0]!.outcome).toMatchObject({ code: "unavailable", outcome: "not-sent" });
    isBack = true;
    await system.pass(1_000);
    const after = await callAll(system, 5);
    expect(after.map(({ outcome }) => outcome)).toEqual(["ok", "ok", "ok", "ok", "ok"]);
  });

  it("go to the other endpoints while one is open", async () => {
    const system = protectedClient({ endpoints: [answers, isAway] });
    await callAll(system, 40);
    const before = system.attempts.filter(({ endpoint }) => endpoint === 1).length;
    const calls = await callAll(system, 100, 50);
    expect(calls.every(({ outcome }) => outcome === "ok")).toBe(true);
    const asked = system.attempts.filter(({ endpoint }) => endpoint === 1).length - before;
    // Ten seconds, with a probe a second.
    expect(asked).toBeLessThanOrEqual(12);
    expect(asked).toBeGreaterThanOrEqual(1);
  });

  it("are never stopped by what the business refuses, by a neighbour's failure, or by who gives up at once", async () => {
    const declared = fail({ reason: "NO", domain: "leaf", code: "unavailable", status: 409 } as never);
    const errors = [
      declared,
      errorOf("internal", "bug", { outcome: "failed" }),
      errorOf("unavailable", "further away", { outcome: "unknown", retryable: false }),
      errorOf("resource_exhausted", "busy", { outcome: "not-executed" }),
      errorOf("canceled", "never mind", { outcome: "unknown" }),
      errorOf("deadline_exceeded", "no time", { outcome: "unknown" }),
    ];
    for (const error of errors) {
      const system = protectedClient({ endpoints: [() => Promise.reject(error)], service: alone });
      await callAll(system, 30);
      expect(system.attempts, error.message).toHaveLength(30);
    }
  });
});

it("lets another call find out where the one that was to do so never came back", () => {
  const clock = new HandClock();
  const breaker = new CircuitBreaker(clock, { failureRatio: 0.5, minCalls: 1, windowMs: 10_000, openMs: 1_000 });
  breaker.record(false);
  expect([breaker.state, breaker.admits()]).toEqual(["open", true]);
  expect(breaker.admits()).toBe(false);
  clock.advance(999);
  expect(breaker.admits()).toBe(false);
  clock.advance(1);
  expect([breaker.admits(), breaker.admits()]).toEqual([true, false]);
  breaker.record(true);
  expect([breaker.state, breaker.admits(), breaker.admits()]).toEqual(["closed", true, true]);
});
