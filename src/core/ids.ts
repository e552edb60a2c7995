import { randomUUID } from "node:crypto";

/** Randomness for identifiers, passed in so that a simulation can be seeded. */
export abstract class Ids {
  /** A new identifier, unique for good. */
  abstract uuid(): string;
  /** `bytes` random bytes in lower-case hex. */
  abstract hex(bytes: number): string;
}

/** Node keeps random bytes ready for UUIDs, and for nothing else: asking the system for a few at a time costs ten times that. */
function randomHex(bytes: number): string {
  let text = "";
  while (text.length < 2 * bytes) {
    const uuid = randomUUID();
    // Without the third and fourth group, where version and variant stand.
    text += uuid.slice(0, 8) + uuid.slice(24);
  }
  return text.slice(0, 2 * bytes);
}

export const systemIds: Ids = { uuid: () => randomUUID(), hex: randomHex };
