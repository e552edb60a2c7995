import type { Clock } from "../core/clock.js";

const tickMs = 100;
/** Both in nanoseconds: when the loop last ticked, by the clock that all threads share, and its worst delay since asked. */
const [tickedAt, worst] = [0, 1];

const nowNs = (): bigint => process.hrtime.bigint();

/** Lets the event loop that calls this show its lag to other threads, in the memory that is given back. */
export function showLag(clock: Clock): { readonly shared: SharedArrayBuffer; stop: () => void } {
  const shared = new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT);
  const cells = new BigInt64Array(shared);
  let stop = () => {};
  const tick = () => {
    const now = nowNs();
    const late = now - Atomics.exchange(cells, tickedAt, now) - BigInt(tickMs) * 1_000_000n;
    if (late > Atomics.load(cells, worst)) Atomics.store(cells, worst, late);
    stop = clock.after(tickMs, tick);
  };
  Atomics.store(cells, tickedAt, nowNs());
  stop = clock.after(tickMs, tick);
  return { shared, stop: () => stop() };
}

/** By how much the loop behind `shared` was late since this was last asked, or is now. Milliseconds. */
export function takeLagMs(shared: SharedArrayBuffer): number {
  const cells = new BigInt64Array(shared);
  const since = Atomics.exchange(cells, worst, 0n);
  const now = nowNs() - Atomics.load(cells, tickedAt) - BigInt(tickMs) * 1_000_000n;
  return Math.max(0, Number(since > now ? since : now) / 1_000_000);
}
