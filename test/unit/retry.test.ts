import { type Code, codes, errorOf, fail, type Outcome, type Reply, usualResilience } from "pangaea";
import { describe, expect, it } from "vitest";
import { RetryBudget } from "../../src/interceptors/retry-budget.js";
import { HandClock } from "./hand-clock.js";
import { answers, type Asked, breaksOff, isAway, isSilent, type Method, protectedClient } from "./protected-client.js";

const retry = usualResilience.default.retry!;

/** Fails so often, then answers. */
const failing = (times: number, error: () => Error) => {
  let left = times;
  return (): Promise<Reply> => (left-- > 0 ? Promise.reject(error()) : Promise.resolve({ output: {} }));
};

/** The outcome of one call to one endpoint, and how often that was asked. */
async function tried(method: Method, error: () => Error, options: { key?: string; keepsAnswers?: boolean } = {}) {
  const keepsAnswers = options.keepsAnswers ?? true;
  const system = protectedClient({ endpoints: [failing(1, error)], keepsAnswers });
  const call = system.call(method, 5_000, options.key === undefined ? {} : { idempotencyKey: options.key });
  await system.settled(call);
  return { attempts: system.attempts.length, outcome: call.outcome };
}

describe("a retry", () => {
  it.each(["not-sent", "not-executed"] as const)("repeats any procedure where the call was %s", async (outcome) => {
    const error = () => errorOf("unavailable", "away", { outcome });
    for (const method of ["look", "put", "add"] as const)
      expect(await tried(method, error)).toEqual({ attempts: 2, outcome: "ok" });
  });

  it("repeats a read and an idempotent procedure where nobody knows what became of the call", async () => {
    const error = () => errorOf("unavailable", "cut", { outcome: "unknown" });
    for (const method of ["look", "put"] as const) expect((await tried(method, error)).attempts).toBe(2);
  });

  it("repeats a mutation of unknown outcome only under a key, and only where the service keeps answers", async () => {
    const error = () => errorOf("unavailable", "cut", { outcome: "unknown" });
    expect(await tried("add", error)).toMatchObject({ attempts: 1, outcome: { outcome: "unknown" } });
    expect((await tried("add", error, { key: "k" })).attempts).toBe(2);
    expect((await tried("add", error, { key: "k", keepsAnswers: false })).attempts).toBe(1);
  });

  it("repeats nothing that does not pass, that the service decided, or that comes from a hop further", async () => {
    const outcomes: Outcome[] = ["not-sent", "not-executed", "failed", "unknown"];
    for (const code of Object.keys(codes) as Code[]) {
      if (codes[code].transient) continue;
      for (const outcome of outcomes)
        expect((await tried("look", () => errorOf(code, "no", { outcome }))).attempts).toBe(1);
    }
    const declared = { reason: "BUSY", domain: "leaf", code: "aborted", status: 409, message: "", details: undefined };
    expect((await tried("look", () => fail(declared as never))).attempts).toBe(1);
    const further = () => errorOf("unavailable", "further", { outcome: "unknown", retryable: false });
    expect((await tried("look", further)).attempts).toBe(1);
  });

  it("counts its attempts, never makes more than are allowed, and gives the last error", async () => {
    const system = protectedClient({ endpoints: [breaksOff] });
    const call = system.call("look");
    await system.settled(call);
    expect(system.attempts.map((attempt) => attempt.call.attempt)).toEqual([1, 2, 3]);
    expect(call.outcome).toMatchObject({ code: "unavailable", outcome: "unknown" });
  });

  it("waits within twice as long each time, and never sooner than the service asks for", async () => {
    const at: number[] = [];
    const details = { retryAfterMs: 400 };
    const endpoint = () => {
      at.push(system.clock.now());
      return Promise.reject(errorOf("resource_exhausted", "busy", { outcome: "not-executed", details }));
    };
    const system = protectedClient({ endpoints: [endpoint] });
    const call = system.call("look");
    await system.settled(call);
    const [first, second] = [at[1]! - at[0]!, at[2]! - at[1]!];
    expect(first).toBeGreaterThanOrEqual(400);
    expect(first).toBeLessThanOrEqual(400 + retry.backoffMs + 2);
    expect(second).toBeGreaterThanOrEqual(400);
    expect(second).toBeLessThanOrEqual(400 + 2 * retry.backoffMs + 2);
  });

  it("begins no pause that the deadline would cut off", async () => {
    const details = { retryAfterMs: 2_000 };
    const busy = () => Promise.reject(errorOf("resource_exhausted", "busy", { outcome: "not-executed", details }));
    const system = protectedClient({ endpoints: [busy] });
    const call = system.call("look", 1_500);
    await system.settled(call);
    expect(call).toMatchObject({ settledAt: 0, outcome: { code: "resource_exhausted" } });
  });

  it("ends with its caller", async () => {
    const system = protectedClient({
      endpoints: [isAway],
      service: { retry: { ...retry, attempts: 10, backoffMs: 1_000, maxBackoffMs: 60_000 }, breaker: undefined },
    });
    const call = system.call("look", 300);
    await system.settled(call);
    expect(call.settledAt).toBeLessThanOrEqual(400);
    const { length } = system.attempts;
    await system.pass(5_000);
    expect(system.attempts).toHaveLength(length);
  });

  it("goes to another endpoint where there is one", async () => {
    const system = protectedClient({ endpoints: [answers, breaksOff] });
    for (let count = 0; count < 10; count++) {
      const call = system.call("look");
      await system.settled(call);
      expect(call.outcome).toBe("ok");
    }
  });
});

describe("the retry budget", () => {
  it("keeps all attempts of ten seconds below 1.1 times the calls, and one a second beside", async () => {
    const system = protectedClient({ endpoints: [breaksOff], service: { breaker: undefined } });
    const calls: Asked[] = [];
    for (let count = 0; count < 1_000; count++) {
      calls.push(system.call("look"));
      await system.pass(5);
    }
    await system.settled(...calls);
    expect(system.attempts.length).toBeGreaterThan(1_080);
    expect(system.attempts.length).toBeLessThanOrEqual(1_000 * 1.1 + 10);
  });

  it("forgets after ten seconds", () => {
    const clock = new HandClock();
    const budget = new RetryBudget(clock, { budgetRatio: 0.2, budgetPerSecond: 0.1 });
    for (let call = 0; call < 50; call++) budget.onCall();
    expect(budget.left).toBe(11);
    for (let taken = 0; taken < 100 && budget.take(); taken++);
    expect(budget).toMatchObject({ left: 0, retries: 11, refused: 1 });
    clock.advance(11_000);
    expect(budget.left).toBe(1);
  });

  it("is what hedges take from", async () => {
    const hedged = { hedge: { afterMs: 100 }, retry: { ...retry, budgetRatio: 0.1, budgetPerSecond: 0 } };
    const system = protectedClient({ endpoints: [isSilent], service: { ...hedged, bulkhead: undefined } });
    const calls = Array.from({ length: 100 }, () => system.call("look", 1_000));
    await system.settled(...calls);
    expect(system.attempts).toHaveLength(110);
  });
});

describe("hedging", () => {
  it("asks a slow read a second time elsewhere and takes the first answer; the other is told to stop", async () => {
    const system = protectedClient({ endpoints: [answers, isSilent], service: { hedge: { afterMs: 100 } } });
    for (let count = 0; count < 4; count++) {
      const call = system.call("look");
      const before = system.clock.now();
      await system.settled(call);
      expect(call.outcome).toBe("ok");
      expect(call.settledAt! - before).toBeLessThanOrEqual(110);
      expect(system.pending).toBe(0);
    }
    expect(system.attempts.length).toBeGreaterThan(4);
  });

  it("never asks a second time for what is not a read", async () => {
    const system = protectedClient({ endpoints: [isSilent], service: { hedge: { afterMs: 100 } } });
    const calls = [system.call("add", 1_000), system.call("put", 1_000)];
    await system.settled(...calls);
    expect(system.attempts).toHaveLength(2);
  });
});
