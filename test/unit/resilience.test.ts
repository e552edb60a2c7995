import { errorOf, isError, type Reply, type ServiceResilience } from "pangaea";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  answers,
  type Asked,
  type Behaviour,
  breaksOff,
  isAway,
  isSilent,
  type Method,
  protectedClient,
} from "./protected-client.js";

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const lengths = fc.integer({ min: 1, max: 300_000 });

/** Whatever a topology may say. */
const settings: fc.Arbitrary<ServiceResilience> = fc.record({
  retry: optional(
    fc.record({
      attempts: fc.integer({ min: 1, max: 10 }),
      backoffMs: lengths,
      maxBackoffMs: lengths,
      budgetRatio: fc.double({ min: 0, max: 1, noNaN: true }),
      budgetPerSecond: fc.double({ min: 0, max: 100, noNaN: true }),
    }),
  ),
  breaker: optional(
    fc.record({
      failureRatio: fc.double({ min: 0.01, max: 1, noNaN: true }),
      minCalls: fc.integer({ min: 1, max: 20 }),
      windowMs: fc.integer({ min: 100, max: 300_000 }),
      openMs: lengths,
    }),
  ),
  bulkhead: optional(fc.record({ concurrent: fc.integer({ min: 1, max: 5 }), queue: fc.integer({ min: 0, max: 5 }) })),
  timeoutMs: optional(lengths),
  hedge: optional(fc.record({ afterMs: lengths })),
});

const failsSlowly =
  (ms: number): Behaviour =>
  (call) =>
    new Promise<Reply>((_resolve, reject) => {
      const error = errorOf("unavailable", "after a while", { outcome: "unknown" });
      call.context.clock.after(ms, () => reject(error));
    });
const answersSlowly =
  (ms: number): Behaviour =>
  (call) =>
    new Promise<Reply>((resolve) => call.context.clock.after(ms, () => resolve({ output: {} })));

const behaviour = fc.oneof(
  fc.constantFrom(answers, breaksOff, isAway, isSilent),
  fc.integer({ min: 1, max: 4_000 }).map(failsSlowly),
  fc.integer({ min: 1, max: 4_000 }).map(answersSlowly),
);
/** An endpoint that does now this, now that. */
const endpoint: fc.Arbitrary<Behaviour> = fc.array(behaviour, { minLength: 1, maxLength: 6 }).map((behaviours) => {
  let turn = 0;
  return (call) => behaviours[turn++ % behaviours.length]!(call);
});
const asked = fc.record({
  method: fc.constantFrom<Method>("look", "put", "add"),
  deadlineMs: fc.integer({ min: 1, max: 6_000 }),
  isKeyed: fc.boolean(),
  pauseMs: fc.integer({ min: 0, max: 500 }),
});

describe("no settings and no behaviour of endpoints", () => {
  it("make a call wait beyond its deadline, be tried more often than allowed, or leave anything pending", async () => {
    await fc.assert(
      fc.asyncProperty(
        settings,
        fc.array(endpoint, { minLength: 1, maxLength: 3 }),
        fc.array(asked, { minLength: 1, maxLength: 12 }),
        async (service, endpoints, requests) => {
          const system = protectedClient({ service, endpoints });
          const calls: Asked[] = [];
          for (const { method, deadlineMs, isKeyed, pauseMs } of requests) {
            calls.push(system.call(method, deadlineMs, isKeyed ? { idempotencyKey: "key" } : {}));
            await system.pass(pauseMs);
          }
          await system.settled(...calls);
          for (const call of calls) expect(call.settledAt! - call.deadline).toBeLessThanOrEqual(100);
          // Each attempt of a retry may be hedged once; who is away is passed over, and has had no part in it.
          const each = (service.retry?.attempts ?? 1) * (service.hedge === undefined ? 1 : 2);
          const begun = system.attempts.filter(({ error }) => !isError(error) || error.outcome !== "not-sent");
          expect(begun.length).toBeLessThanOrEqual(calls.length * each);
          expect(system.attempts.length).toBeLessThanOrEqual(calls.length * each * endpoints.length);
          await system.clock.until(() => system.pending === 0 && system.deadlines.size === 0, 20_000, 100);
        },
      ),
      { numRuns: 150 },
    );
  });
});
