import { CompiledQuery, type Kysely, PostgresAdapter } from "kysely";

/** Statements with their placeholders as PostgreSQL wants them; they are few, and fixed. */
const numbered = new Map<string, string>();

function numberedText(text: string): string {
  let known = numbered.get(text);
  if (known === undefined) {
    let count = 0;
    known = text.replaceAll("?", () => `$${++count}`);
    numbered.set(text, known);
  }
  return known;
}

/**
 * Runs a statement as it is written, with `?` for its parameters, on either database: these are on every call's way, and
 * building their text costs more than running it.
 */
export function run<Row = never>(db: Kysely<any>, text: string, parameters: readonly unknown[] = []) {
  const written = db.getExecutor().adapter instanceof PostgresAdapter ? numberedText(text) : text;
  return db.executeQuery<Row>(CompiledQuery.raw(written, parameters as unknown[]));
}
