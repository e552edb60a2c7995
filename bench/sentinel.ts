const tickMs = 5;

/** What some work gave, and for how long at most this process was given no time meanwhile. */
export interface Watched<T> {
  readonly value: T;
  readonly longestGapMs: number;
}

/**
 * Looks at the clock every few milliseconds while others work. The work must leave this process idle: where the clock
 * then jumps, the machine stood still.
 */
export async function watched<T>(work: () => Promise<T>): Promise<Watched<T>> {
  let last = performance.now();
  let longestGapMs = 0;
  const look = () => {
    const now = performance.now();
    longestGapMs = Math.max(longestGapMs, now - last);
    last = now;
  };
  const timer = setInterval(look, tickMs);
  try {
    const value = await work();
    // What came to an end in a gap must not hide it.
    look();
    return { value, longestGapMs };
  } finally {
    clearInterval(timer);
  }
}
