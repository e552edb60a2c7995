import type { Clock } from "../core/clock.js";

const slices = 10;

/** Two counts over the last `windowMs` milliseconds, forgotten a tenth of the window at a time. */
export class SlidingWindow {
  readonly #sliceMs: number;
  readonly #all = new Float64Array(slices);
  readonly #some = new Float64Array(slices);
  #slice: number;

  constructor(
    private readonly clock: Clock,
    windowMs: number,
  ) {
    this.#sliceMs = windowMs / slices;
    this.#slice = Math.floor(clock.now() / this.#sliceMs);
  }

  /** Counts one of all. */
  countAll(): void {
    this.#move();
    this.#all[this.#slice % slices]!++;
  }

  /** Counts one of the special ones; it is not one of all by that. */
  countSome(): void {
    this.#move();
    this.#some[this.#slice % slices]!++;
  }

  /** How many of all there were. */
  get all(): number {
    this.#move();
    return this.#all.reduce((sum, count) => sum + count, 0);
  }

  /** How many special ones. */
  get some(): number {
    this.#move();
    return this.#some.reduce((sum, count) => sum + count, 0);
  }

  /** Forgets everything. */
  clear(): void {
    this.#all.fill(0);
    this.#some.fill(0);
  }

  #move(): void {
    const now = Math.floor(this.clock.now() / this.#sliceMs);
    if (now === this.#slice) return;
    if (now - this.#slice >= slices) this.clear();
    else {
      for (let slice = this.#slice + 1; slice <= now; slice++) {
        this.#all[slice % slices] = 0;
        this.#some[slice % slices] = 0;
      }
    }
    this.#slice = now;
  }
}
