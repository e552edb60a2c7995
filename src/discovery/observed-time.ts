/**
 * Time during which somebody was really looking, by the observer's own monotonic clock. While the observer itself stood
 * still, or what it looks at could not be asked, others could not show that they live, and it is not held against them.
 */
export class ObservedTime {
  #nowMs = 0;
  #lastLookAt: number | undefined;

  /** A longer pause between two looks counts as `maxGapMs`. */
  constructor(private readonly maxGapMs: number) {}

  get nowMs(): number {
    return this.#nowMs;
  }

  /** A look, at `now` of the observer's clock. */
  look(now: number): void {
    if (this.#lastLookAt !== undefined) this.#nowMs += Math.min(now - this.#lastLookAt, this.maxGapMs);
    this.#lastLookAt = now;
  }
}
