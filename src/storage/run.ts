import { CompiledQuery, type Kysely } from "kysely";

/**
 * Runs a statement as it is written: these are on every call's way, and building their text costs more than running it.
 */
export const run = <Row = never>(db: Kysely<any>, text: string, parameters: readonly unknown[] = []) =>
  db.executeQuery<Row>(CompiledQuery.raw(text, parameters as unknown[]));
