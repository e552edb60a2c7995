const lookMs = 20;
/** Within that a timer is punctual. */
const punctualMs = 20;

/**
 * Notes when this process was given no time. What is late by that is late because of the machine, or of whoever asks, and
 * not because of what is asked. Moments are of `performance.now()`.
 */
export class Stalls {
  /** From and to. */
  readonly #gaps: (readonly [number, number])[] = [];
  readonly #watch: NodeJS.Timeout;

  constructor() {
    let last = performance.now();
    this.#watch = setInterval(() => {
      const now = performance.now();
      if (now - last > lookMs + punctualMs) this.#gaps.push([last + lookMs, now]);
      last = now;
    }, lookMs);
  }

  get longestMs(): number {
    return Math.max(0, ...this.#gaps.map(([from, to]) => to - from));
  }

  /** For how long in all, in milliseconds, this process did not run between two moments. */
  between(begin: number, end: number): number {
    let sum = 0;
    for (let at = this.#gaps.length - 1; at >= 0 && this.#gaps[at]![1] > begin; at--) {
      const [from, to] = this.#gaps[at]!;
      sum += Math.max(0, Math.min(to, end) - Math.max(from, begin));
    }
    return sum;
  }

  stop(): void {
    clearInterval(this.#watch);
  }
}
