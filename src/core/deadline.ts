import type { Clock } from "./clock.js";

const bucketMs = 10;

/** All that is due in the same 10 ms: a ring of entries, closed by the bucket itself. */
interface Links {
  previous: Links;
  next: Links;
}

class Bucket implements Links {
  previous: Links = this;
  next: Links = this;
  constructor(readonly index: number) {}
}

/** Something that waits for a moment. It is its own place in the list, so that coming and going allocates nothing. */
export abstract class Timed implements Links {
  previous: Links = this;
  next: Links = this;
  /** Called once, when the moment has passed. */
  abstract passed(): void;
}

class Action extends Timed {
  constructor(readonly passed: () => void) {
    super();
  }
}

/**
 * Many deadlines on one timer. Entries stand in buckets of 10 ms; a sweep runs every 10 ms while there are any, and not
 * at all while there are none. An entry fires at most 20 ms after its moment, if the event loop is free.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #buckets = new Map<number, Bucket>();
  #last = new Bucket(Number.NaN);
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
    const action = new Action(onPassed);
    this.enter(action, deadline);
    return () => this.leave(action);
  }

  /** Lets `entry` wait for `deadline`, a moment of the clock's `now`. It must not be waiting already. */
  enter(entry: Timed, deadline: number): void {
    if (!this.#sweeping) this.#start();
    const index = Math.max(Math.ceil(deadline / bucketMs), this.#swept + 1);
    let bucket = this.#last;
    if (bucket.index !== index) {
      this.#forgetIfEmpty(bucket);
      bucket = this.#buckets.get(index) ?? new Bucket(index);
      this.#buckets.set(index, bucket);
      this.#last = bucket;
    }
    const last = bucket.previous;
    last.next = entry;
    entry.previous = last;
    entry.next = bucket;
    bucket.previous = entry;
    this.#size++;
  }

  /** Takes an entry back. Harmless where it does not wait. */
  leave(entry: Timed): void {
    const { previous, next } = entry;
    if (next === entry) return;
    previous.next = next;
    next.previous = previous;
    entry.previous = entry;
    entry.next = entry;
    this.#size--;
    // The bucket in use is kept: the next entry is most likely to be due in the same 10 ms.
    if (previous === next && next !== this.#last) this.#forgetIfEmpty(next as Bucket);
  }

  #forgetIfEmpty(bucket: Bucket): void {
    if (bucket.next === bucket) this.#buckets.delete(bucket.index);
  }

  #start(): void {
    this.#sweeping = true;
    this.#swept = Math.floor(this.#clock.now() / bucketMs);
    this.#clock.after(bucketMs, () => this.#sweep());
  }

  #sweep(): void {
    const upTo = Math.floor(this.#clock.now() / bucketMs);
    const passed: Timed[] = [];
    // After a long stall there may be fewer buckets than ticks to visit.
    if (upTo - this.#swept > this.#buckets.size) {
      for (const bucket of this.#buckets.values()) if (bucket.index <= upTo) this.#empty(bucket, passed);
    } else {
      for (let index = this.#swept + 1; index <= upTo; index++) {
        const bucket = this.#buckets.get(index);
        if (bucket !== undefined) this.#empty(bucket, passed);
      }
    }
    this.#swept = Math.max(upTo, this.#swept);
    this.#sweeping = this.#size > 0;
    if (this.#sweeping) this.#clock.after(bucketMs, () => this.#sweep());
    for (const entry of passed) entry.passed();
  }

  #empty(bucket: Bucket, into: Timed[]): void {
    while (bucket.next !== bucket) {
      const entry = bucket.next as Timed;
      this.leave(entry);
      into.push(entry);
    }
    this.#buckets.delete(bucket.index);
    if (this.#last === bucket) this.#last = new Bucket(Number.NaN);
  }
}
