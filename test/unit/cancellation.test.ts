import { Cancellation, Context, errorOf, rootContext, sleep } from "pangaea";
import { describe, expect, it, vi } from "vitest";
import { HandClock } from "./hand-clock.js";

const reason = errorOf("canceled", "enough");

describe("a cancellation", () => {
  it("cancels its children and theirs with the same reason, and never its parent", () => {
    const [parent, other] = [new Cancellation(), new Cancellation()];
    const child = new Cancellation(parent);
    const grandchild = new Cancellation(child);
    child.cancel(reason);
    expect([child.reason, grandchild.reason]).toEqual([reason, reason]);
    expect([parent.reason, other.reason]).toEqual([undefined, undefined]);
    parent.cancel(errorOf("canceled", "later"));
    expect(child.reason).toBe(reason);
  });

  it("hears of its parent's end only while it follows", () => {
    const parent = new Cancellation();
    const [early, late, left] = [1, 2, 3].map(() => new Cancellation(parent, false)) as [
      Cancellation,
      Cancellation,
      Cancellation,
    ];
    early.follow();
    left.follow();
    left.detach();
    expect(parent.followers).toBe(1);
    parent.cancel(reason);
    expect([early.reason, late.reason, left.reason]).toEqual([reason, undefined, undefined]);
    late.follow();
    expect(late.reason).toBe(reason);
    expect(new Cancellation(parent, false).reason).toBe(reason);
  });

  it("tells a third listener like the first two", () => {
    const cancellation = new Cancellation();
    const listeners = [vi.fn(), vi.fn(), vi.fn(), vi.fn()];
    for (const listener of listeners) cancellation.listen(listener);
    expect(cancellation.followers).toBe(4);
    cancellation.unlisten(listeners[1]!);
    cancellation.unlisten(listeners[3]!);
    cancellation.cancel(reason);
    expect(listeners.map(({ mock }) => mock.calls.length)).toEqual([1, 0, 1, 0]);
  });

  it("of a parent that is cancelled already is cancelled from the beginning", () => {
    const parent = new Cancellation();
    parent.cancel(reason);
    const child = new Cancellation(parent);
    expect(child.reason).toBe(reason);
    expect(child.signal.aborted).toBe(true);
  });

  it("keeps its first reason and tells each listener once", () => {
    const cancellation = new Cancellation();
    const listener = vi.fn();
    cancellation.onCancel(listener);
    cancellation.cancel(reason);
    cancellation.cancel(errorOf("canceled", "again"));
    expect(cancellation.reason).toBe(reason);
    expect(listener.mock.calls).toEqual([[reason]]);
  });

  it("tells a late listener at once, and a listener that left not at all", () => {
    const cancellation = new Cancellation();
    const [early, late] = [vi.fn(), vi.fn()];
    cancellation.onCancel(early)();
    cancellation.cancel(reason);
    cancellation.onCancel(late)();
    expect(early).not.toHaveBeenCalled();
    expect(late).toHaveBeenCalledExactlyOnceWith(reason);
  });

  it("without a reason is the caller's, and nobody knows what came of the call", () => {
    const cancellation = new Cancellation();
    cancellation.cancel();
    expect(cancellation.reason).toMatchObject({ code: "canceled", outcome: "unknown" });
  });

  it("aborts its signal, whether it was asked for before or after", () => {
    const cancellation = new Cancellation();
    const { signal } = cancellation;
    expect(signal.aborted).toBe(false);
    cancellation.cancel(reason);
    expect([signal.aborted, signal.reason]).toEqual([true, reason]);
    expect(cancellation.signal).toBe(signal);
    const later = new Cancellation();
    later.cancel(reason);
    expect(later.signal.reason).toBe(reason);
  });

  it("leaves no listener with a long-lived parent once its work has settled", () => {
    const parent = new Cancellation();
    const kept = Array.from({ length: 100 }, () => new Cancellation(parent));
    const stay = kept.filter((_, index) => index % 7 === 3);
    expect(parent.followers).toBe(100);
    for (const child of kept) if (!stay.includes(child)) child.detach();
    for (const child of kept.slice(0, 3)) child.detach();
    expect(parent.followers).toBe(stay.length);
    parent.onCancel(() => {})();
    expect(parent.followers).toBe(stay.length);
    parent.cancel(reason);
    expect(kept.filter((child) => child.reason !== undefined)).toEqual(stay);
    expect(parent.followers).toBe(0);
  });
});

describe("a context", () => {
  it("of a nested call never has a later deadline, and has no key of its caller's", () => {
    const clock = new HandClock();
    const root = rootContext(clock, 1_000, {
      headers: { a: "1" },
      principal: { id: "p", scopes: [] },
      idempotencyKey: "k",
    });
    clock.advance(400);
    const [short, long] = [root.child(100), root.child(5_000, "own")];
    expect([short.deadline, long.deadline, long.remainingMs()]).toEqual([500, 1_000, 600]);
    expect([short.idempotencyKey, long.idempotencyKey]).toEqual([undefined, "own"]);
    expect([short.headers, short.principal?.id, short.event]).toEqual([{ a: "1" }, "p", undefined]);
    short.cancellation.follow();
    root.cancellation.cancel(reason);
    expect(short.signal.aborted).toBe(true);
  });

  it("never has less than no time left, and keeps what is local to itself", () => {
    const clock = new HandClock();
    const context = Context.of({ clock, deadline: 10 });
    clock.advance(50);
    expect(context.remainingMs()).toBe(0);
    const key = Symbol("local");
    context.local.set(key, 1);
    expect(context.child(10).local.has(key)).toBe(false);
  });
});

describe("a sleep", () => {
  it("says whether its time has passed in full, and leaves no timer when it is cut short", async () => {
    const clock = new HandClock();
    const cancellation = new Cancellation();
    const [full, cut] = [sleep(clock, 100), sleep(clock, 5_000, cancellation.signal)];
    clock.advance(100);
    expect(await full).toBe(true);
    cancellation.cancel();
    expect(await cut).toBe(false);
    expect(await sleep(clock, 100, cancellation.signal)).toBe(false);
    expect(clock.timers).toBe(0);
  });
});
