import { Cancellation, errorOf, type Priority } from "pangaea";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LoadLimit } from "../../src/interceptors/load-limit.js";
import { HandClock } from "./hand-clock.js";

const settings = { minConcurrent: 4, maxConcurrent: 100, queue: 50, maxWaitMs: 1_000, loopDelayMs: 50 };

/** A machine that does `perMs` requests in a millisecond, one turn of its loop after the other. */
function machine(perMs: number, own = settings) {
  const clock = new HandClock();
  const limit = new LoadLimit(clock, own);
  const seen = { done: 0, refused: 0, late: 0, maxQueued: 0 };
  const ready: (() => void)[] = [];
  const ask = (priority: Priority) => {
    const at = clock.now();
    const begin = () => {
      ready.push(() => {
        seen.done++;
        if (clock.now() - at > 5_000) seen.late++;
        limit.leave();
      });
    };
    const turn = limit.enter(priority);
    seen.maxQueued = Math.max(seen.maxQueued, limit.queued);
    if (turn === undefined) begin();
    else turn.then(begin, () => seen.refused++);
  };
  /** One turn does all that is ready, however long that takes; meanwhile no timer runs. */
  const turn = async (newcomers: (ms: number) => number) => {
    const work = ready.splice(0);
    const tookMs = Math.max(1, work.length / perMs);
    clock.stall(tookMs);
    for (const end of work) end();
    await new Promise(setImmediate);
    for (let count = newcomers(tookMs); count > 0; count--) ask(count % 2 === 0 ? "read" : "mutation");
  };
  return { clock, limit, seen, turn };
}

/** What a machine gets done in ten seconds, when so many requests a millisecond come. */
async function run(perMs: number, arriving: number, own = settings) {
  const { clock, limit, seen, turn } = machine(perMs, own);
  let owed = 0;
  while (clock.now() < 10_000) {
    await turn((ms) => {
      owed += ms * arriving;
      const whole = Math.floor(owed);
      owed -= whole;
      return whole;
    });
  }
  return { ...seen, limit: limit.limit };
}

describe("the load limit", () => {
  it("does as much at ten times what can be done as at what can be done, on a fast machine and on a slow one", async () => {
    for (const perMs of [0.02, 0.2, 1]) {
      const peak = await run(perMs, perMs * 0.9);
      const flood = await run(perMs, perMs * 10);
      expect(flood.done, `${perMs} a millisecond`).toBeGreaterThanOrEqual(0.8 * peak.done);
      expect(flood.late).toBe(0);
      expect(flood.refused).toBeGreaterThan(5 * peak.done);
      expect(flood.maxQueued).toBeLessThanOrEqual(settings.queue);
    }
  });

  it("refuses nobody while the event loop turns freely and there is room to wait", async () => {
    const { refused, done } = await run(1, 0.5);
    expect(refused).toBe(0);
    expect(done).toBeGreaterThan(4_000);
  });

  it("refuses at once, and says when to come again", async () => {
    const limit = new LoadLimit(new HandClock(), { ...settings, maxConcurrent: 4, queue: 1 });
    for (let count = 0; count < 4; count++) expect(limit.enter("read")).toBeUndefined();
    void limit.enter("read");
    await expect(limit.enter("mutation")).rejects.toMatchObject({
      code: "resource_exhausted",
      outcome: "not-executed",
      details: { retryAfterMs: 1_000 },
    });
    expect(limit.refused).toEqual({ mutation: 1, read: 0 });
  });

  it("lets mutations in before reads, each in the order in which they came", async () => {
    const limit = new LoadLimit(new HandClock(), { ...settings, minConcurrent: 1, maxConcurrent: 1 });
    expect(limit.enter("read")).toBeUndefined();
    const order: string[] = [];
    for (const [name, priority] of [
      ["r1", "read"],
      ["m1", "mutation"],
      ["r2", "read"],
      ["m2", "mutation"],
    ] as const)
      void limit.enter(priority)!.then(() => order.push(name));
    for (let count = 0; count < 5; count++) {
      limit.leave();
      await new Promise(setImmediate);
    }
    expect(order).toEqual(["m1", "m2", "r1", "r2"]);
    expect(limit).toMatchObject({ running: 0, queued: 0 });
  });

  it("keeps nobody waiting whose call is given up, nor longer than twice the wait that is allowed", async () => {
    const clock = new HandClock();
    const limit = new LoadLimit(clock, { ...settings, minConcurrent: 1, maxConcurrent: 1 });
    void limit.enter("read");
    const cancellation = new Cancellation();
    const given = limit.enter("read", cancellation)!;
    const kept = limit.enter("mutation")!;
    cancellation.cancel(errorOf("canceled", "never mind"));
    await expect(given).rejects.toMatchObject({ code: "canceled", outcome: "not-executed" });
    expect(limit.queued).toBe(1);
    const late = expect(kept).rejects.toMatchObject({ code: "resource_exhausted" });
    clock.advance(2_100);
    await late;
    expect(limit.queued).toBe(0);
  });

  it("comes to rest: nothing is counted or timed once all have left, whatever happened before", async () => {
    const steps = fc.array(fc.constantFrom("read", "mutation", "leave", "time", "stall"), { maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        const clock = new HandClock();
        const limit = new LoadLimit(clock, { ...settings, maxConcurrent: 8, queue: 5 });
        let inside = 0;
        for (const step of history) {
          if (step === "time") clock.advance(120);
          else if (step === "stall") clock.stall(200);
          else if (step === "leave") {
            if (inside > 0) {
              inside--;
              limit.leave();
            }
          } else {
            const turn = limit.enter(step);
            if (turn === undefined) inside++;
            else
              turn.then(
                () => inside++,
                () => undefined,
              );
          }
          await Promise.resolve();
          expect(limit.running).toBeLessThanOrEqual(8);
          expect(limit.queued).toBeLessThanOrEqual(5);
        }
        for (let round = 0; round < 100 && (limit.running > 0 || limit.queued > 0); round++) {
          await new Promise(setImmediate);
          for (; inside > 0; inside--) limit.leave();
        }
        clock.advance(1_000);
        expect(limit).toMatchObject({ running: 0, queued: 0 });
        expect(clock.timers).toBe(0);
      }),
    );
  });
});
