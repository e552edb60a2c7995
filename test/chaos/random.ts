import { createHash } from "node:crypto";

/** Chance that repeats itself: the same seed gives the same row of choices. */
export class Random {
  #state: number;

  /** `parts` together are the seed. */
  constructor(...parts: readonly (string | number)[]) {
    this.#state = createHash("sha256").update(parts.join("/")).digest().readUInt32LE();
  }

  /** A whole number from 0 to `end - 1`. */
  below(end: number): number {
    // mulberry32
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}
