/** Time, passed in so that a test can own it. Deadlines and leases use `now`; only what people read uses `wallTime`. */
export abstract class Clock {
  /** Monotonic milliseconds since an arbitrary start. */
  abstract now(): number;
  /** Milliseconds since 1970, which may jump. */
  abstract wallTime(): number;
  /** Runs `action` once after `delayMs`; the returned function cancels it. A pending timer keeps the process alive only if `keepAlive`. */
  abstract after(delayMs: number, action: () => void, keepAlive?: boolean): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(delayMs, action, keepAlive = false) {
    const timer = setTimeout(action, delayMs);
    if (!keepAlive) timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs` on `clock`, or at once when `signal` aborts; says whether the time has passed in full. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<boolean> {
  if (signal?.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const done = (passed: boolean) => {
      signal?.removeEventListener("abort", onAbort);
      resolve(passed);
    };
    const cancel = clock.after(delayMs, () => done(true), true);
    const onAbort = () => {
      cancel();
      done(false);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
