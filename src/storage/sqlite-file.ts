import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import BetterSqlite, { type Database as Sqlite, type Statement } from "better-sqlite3";
import { Kysely, SqliteDialect } from "kysely";

/** A statement prepared once per connection: through the query builder a cached one costs a fifth. */
function withStatementCache(connection: Sqlite) {
  const statements = new Map<string, Statement>();
  return {
    close: () => connection.close(),
    prepare(sql: string) {
      let statement = statements.get(sql);
      if (statement === undefined) {
        statement = connection.prepare(sql);
        // Query builders may make text without end (lists of parameters); the cache must not.
        if (statements.size < 500) statements.set(sql, statement);
      }
      return statement as never;
    },
  };
}

/** An open SQLite file: one connection that writes, one that reads. */
export interface SqliteFile {
  readonly write: Kysely<any>;
  readonly read: Kysely<any>;
  close(): Promise<void>;
}

/**
 * Opens or creates `file`. WAL, so that reads and commits do not wait for each other; `synchronous=FULL`, so that an
 * acknowledged commit survives a power cut; a busy timeout of 20 ms, because a longer one would stop the event loop.
 */
export function openSqlite(file: string): SqliteFile {
  mkdirSync(dirname(file), { recursive: true });
  const open = (readonly: boolean) => {
    let connection: Sqlite;
    try {
      connection = new BetterSqlite(file, { readonly, timeout: 20 });
    } catch (error) {
      throw new Error(
        `Cannot open the database ${file}: ${(error as Error).message}. Check DATA_DIR and its permissions.`,
        {
          cause: error,
        },
      );
    }
    if (!readonly) connection.pragma("journal_mode = WAL");
    connection.pragma("synchronous = FULL");
    connection.pragma("foreign_keys = ON");
    return new Kysely<any>({ dialect: new SqliteDialect({ database: withStatementCache(connection) }) });
  };
  const write = open(false);
  // A connection is opened lazily by the query builder's driver, but the file must exist before a reader opens it.
  const read = open(true);
  return {
    write,
    read,
    async close() {
      await read.destroy();
      await write.destroy();
    },
  };
}
