import { randomBytes, randomFillSync, randomUUID } from "node:crypto";

/** Randomness for identifiers, passed in so that a simulation can be seeded. */
export abstract class Ids {
  /** A new identifier, unique for good. */
  abstract uuid(): string;
  /** `bytes` random bytes in lower-case hex. */
  abstract hex(bytes: number): string;
}

/** Random bytes are asked of the system for many at once: for a few at a time that costs more than all the rest of a call. */
class SystemIds extends Ids {
  readonly #pool = Buffer.alloc(4_096);
  #used = this.#pool.length;

  uuid(): string {
    return randomUUID();
  }

  hex(bytes: number): string {
    if (bytes > this.#pool.length) return randomBytes(bytes).toString("hex");
    if (this.#used + bytes > this.#pool.length) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    this.#used += bytes;
    return this.#pool.toString("hex", this.#used - bytes, this.#used);
  }
}

export const systemIds: Ids = new SystemIds();
