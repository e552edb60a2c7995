import type { Clock } from "./clock.js";

const bucketMs = 10;

/**
 * Many deadlines on one timer. Entries stand in buckets of 10 ms; a sweep runs every 10 ms while there are any, and not
 * at all while there are none. An entry fires at most 20 ms after its moment, if the event loop is free.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #buckets = new Map<number, Set<() => void>>();
  #size = 0;
  #swept = 0;
  #sweeping = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many are pending. */
  get size(): number {
    return this.#size;
  }

  /** Runs `onPassed` when `deadline` (a moment of the clock's `now`) has passed; the returned function takes it back. */
  add(deadline: number, onPassed: () => void): () => void {
    this.#start();
    const index = Math.max(Math.ceil(deadline / bucketMs), this.#swept + 1);
    let bucket = this.#buckets.get(index);
    if (bucket === undefined) this.#buckets.set(index, (bucket = new Set()));
    const entry = () => onPassed();
    bucket.add(entry);
    this.#size++;
    return () => {
      if (!bucket.delete(entry)) return;
      this.#size--;
      if (bucket.size === 0) this.#buckets.delete(index);
    };
  }

  #start(): void {
    if (this.#sweeping) return;
    this.#sweeping = true;
    this.#swept = Math.floor(this.#clock.now() / bucketMs);
    this.#clock.after(bucketMs, () => this.#sweep());
  }

  #sweep(): void {
    const upTo = Math.floor(this.#clock.now() / bucketMs);
    const passed: (() => void)[] = [];
    const takeFrom = (index: number, bucket: Set<() => void>) => {
      passed.push(...bucket);
      this.#buckets.delete(index);
      this.#size -= bucket.size;
      bucket.clear();
    };
    // After a long stall there may be fewer buckets than ticks to visit.
    if (upTo - this.#swept > this.#buckets.size) {
      for (const [index, bucket] of this.#buckets) if (index <= upTo) takeFrom(index, bucket);
    } else {
      for (let index = this.#swept + 1; index <= upTo; index++) {
        const bucket = this.#buckets.get(index);
        if (bucket !== undefined) takeFrom(index, bucket);
      }
    }
    this.#swept = Math.max(upTo, this.#swept);
    this.#sweeping = this.#size > 0;
    if (this.#sweeping) this.#clock.after(bucketMs, () => this.#sweep());
    for (const entry of passed) entry();
  }
}
