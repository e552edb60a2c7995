import { type ErrorDefinition, fail } from "./error.js";
import type { Json } from "./json.js";
import type { OutputOf, Schema } from "./schema.js";
import { validatorOf } from "./validation.js";

/** One page of a list. `nextCursor` asks for the page after it; null on the last one. */
export interface Page<T> {
  readonly items: T[];
  readonly nextCursor: string | null;
}

/** A place in a list as text that callers hand back unread: the sort key of the last row they saw. */
export const encodeCursor = (position: readonly Json[]): string =>
  Buffer.from(JSON.stringify(position)).toString("base64url");

/**
 * The place that `cursor` names, or undefined where there is no cursor. Text that `encodeCursor` cannot have made of a
 * position of this schema is the caller's fault: `invalid`, an error of the module's own contract, is thrown.
 */
export function decodeCursor<S extends Schema>(
  cursor: string | undefined,
  position: S,
  invalid: ErrorDefinition,
): OutputOf<S> | undefined {
  if (cursor === undefined) return undefined;
  try {
    return validatorOf(position)(JSON.parse(Buffer.from(cursor, "base64url").toString()));
  } catch {
    throw fail(invalid);
  }
}

/** Makes a page of rows that were read with a limit of `limit + 1`: the row too many says that there is a next page. */
export function pageOf<T>(rows: readonly T[], limit: number, positionOf: (last: T) => readonly Json[]): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? encodeCursor(positionOf(last)) : null };
}
