import { createHash } from "node:crypto";
import { openSqlite, type SqliteFile } from "../../../src/storage/sqlite-file.js";
import { findReply, storeReply } from "../../../src/storage/framework-rows.js";
import { frameworkMigration } from "../../../src/storage/framework-tables.js";

/** The query builder of an open file. */
export type Db = SqliteFile["write"];

/** A service's own file, through Pangaea's storage: the same connections, pragmas, query builder and tables. */
export async function openStore(name: string, migration: (db: Db) => Promise<void>): Promise<SqliteFile> {
  const file = openSqlite(`${process.env.DATA_DIR}/${name}.db`);
  await frameworkMigration.up(file.write);
  await migration(file.write);
  return file;
}

/** Runs `change` in a transaction; resolves when it will last. */
export const commit = <T>(file: SqliteFile, change: (db: Db) => Promise<T>): Promise<T> =>
  file.write.transaction().execute((db) => change(db as Db));

/** What a keyed request is known by. */
interface Key {
  readonly procedure: string;
  readonly key: string;
  readonly input: unknown;
}

/** Runs `change` in a transaction, once under its key: a repeat gets the stored reply. */
export function once<T>(file: SqliteFile, { procedure, key, input }: Key, change: (db: Db) => Promise<T>) {
  const inputHash = createHash("sha256").update(JSON.stringify(input)).digest("base64url");
  const keyed = { procedure, principal: "", key, inputHash };
  return commit(file, async (db) => {
    const stored = await findReply(db, keyed, Date.now());
    if (stored !== undefined && "output" in stored) return stored.output as T;
    const output = await change(db);
    await storeReply(db, keyed, { output }, Date.now());
    return output;
  });
}
