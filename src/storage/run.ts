import { CompiledQuery, type Kysely, PostgresAdapter } from "kysely";

/** A statement with its placeholders as PostgreSQL wants them. */
function numbered(text: string): string {
  let count = 0;
  return text.replaceAll("?", () => `$${++count}`);
}

/**
 * Runs a statement as it is written: these are on every call's way, and building their text costs more than running it.
 */
export function run<Row = never>(db: Kysely<any>, text: string, parameters: readonly unknown[] = []) {
  const written = db.getExecutor().adapter instanceof PostgresAdapter ? numbered(text) : text;
  return db.executeQuery<Row>(CompiledQuery.raw(written, parameters as unknown[]));
}
