import { setTimeout as pause } from "node:timers/promises";

const defaultWithinMs = 60_000;
const betweenMs = 40;

/**
 * Asks until the answer is something, and gives it back. Rejects with `what` where nothing has come within `withinMs`:
 * only such a promise may be waited for, so a green run never depends on the length of a sleep.
 */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  withinMs = defaultWithinMs,
): Promise<T> {
  const giveUp = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > giveUp) throw new Error(`${what}: not within ${withinMs} ms`);
    await pause(betweenMs);
  }
}
