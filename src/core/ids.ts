import { randomBytes, randomFillSync, randomUUID } from "node:crypto";

/** Randomness for identifiers, passed in so that a simulation can be seeded. */
export abstract class Ids {
  /** A new identifier, unique for good. */
  abstract uuid(): string;
  /** `bytes` random bytes in lower-case hex. */
  abstract hex(bytes: number): string;
}

/** Random bytes are asked of the system for many at once: for a few at a time that costs more than all the rest of a call. */
function pooledHex(): (bytes: number) => string {
  const pool = Buffer.alloc(4_096);
  let used = pool.length;
  return (bytes) => {
    if (bytes > pool.length) return randomBytes(bytes).toString("hex");
    if (used + bytes > pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    used += bytes;
    return pool.toString("hex", used - bytes, used);
  };
}

export const systemIds: Ids = { uuid: () => randomUUID(), hex: pooledHex() };
