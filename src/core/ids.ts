import { randomBytes, randomUUID } from "node:crypto";

/** Randomness for identifiers, passed in so that a simulation can be seeded. */
export abstract class Ids {
  /** A new identifier, unique for good. */
  abstract uuid(): string;
  /** `bytes` random bytes in lower-case hex. */
  abstract hex(bytes: number): string;
}

export const systemIds: Ids = {
  uuid: () => randomUUID(),
  hex: (bytes) => randomBytes(bytes).toString("hex"),
};
