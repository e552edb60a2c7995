import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import BetterSqlite, { type Database as Sqlite, type Statement } from "better-sqlite3";
import { Kysely, SqliteDialect } from "kysely";
import { errorOf } from "../core/error.js";
import type { Backend, StorageFault } from "./backend.js";
import { ReadOnlyStore } from "./read-only-store.js";
import { run } from "./run.js";

const busyTimeoutMs = 5;
const openingTimeoutMs = 5_000;

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

/**
 * Opens or creates `file`: one connection that writes, one that reads. WAL, so that reads and commits do not wait for
 * each other; `synchronous=FULL` where `durable`, so that an acknowledged commit survives a power cut; a busy timeout of
 * 5 ms, because a longer one would stop the event loop: who finds it locked tries again later. Only the opening waits: who had
 * the file before locks it while closing it.
 */
export function openSqlite(file: string, durable = true): Backend {
  mkdirSync(dirname(file), { recursive: true });
  const flushed = durable ? "full" : "off";
  const open = (readonly: boolean) => {
    let connection: Sqlite | undefined;
    try {
      connection = new BetterSqlite(file, { readonly, timeout: openingTimeoutMs });
      if (!readonly) connection.pragma("journal_mode = WAL");
      connection.pragma(`busy_timeout = ${busyTimeoutMs}`);
      connection.pragma(`synchronous = ${flushed}`);
      connection.pragma("foreign_keys = ON");
    } catch (error) {
      connection?.close();
      const mend =
        faultOf(error)?.kind === "damaged" ? "Restore it from a backup." : "Check DATA_DIR and its permissions.";
      throw new Error(`Cannot open the database ${file}: ${(error as Error).message}. ${mend}`, { cause: error });
    }
    return new Kysely<any>({ dialect: new SqliteDialect({ database: withStatementCache(connection) }) });
  };
  const write = open(false);
  // A connection is opened lazily by the query builder's driver, but the file must exist before a reader opens it.
  const read = open(true);
  let relaxedNow = false;
  return {
    kind: "sqlite",
    place: file,
    read,
    write,
    migrations: write,
    async begin(db, relaxed) {
      if (relaxed !== relaxedNow) {
        await run(db, `pragma synchronous = ${relaxed && durable ? "normal" : flushed}`);
        relaxedNow = relaxed;
      }
      await run(db, "begin immediate");
    },
    async commit(db) {
      await run(db, "commit");
    },
    faultOf,
    async close() {
      await read.destroy();
      await write.destroy();
    },
  };
}

/** How long a reader waits for a lock that hardly anything of SQLite in WAL mode holds. Milliseconds. */
const readerTimeoutMs = 1_000;

/** A module's file for somebody who only looks. Throws, naming it, where it is not there. */
export function openSqliteReadOnly(module: string, file: string): ReadOnlyStore {
  if (!existsSync(file)) throw new Error(`There is no ${file}: set DATA_DIR to the system's data.`);
  const database = new BetterSqlite(file, { readonly: true, timeout: readerTimeoutMs });
  const read = new Kysely<any>({ dialect: new SqliteDialect({ database }) });
  return new ReadOnlyStore({ module, read, begin: "begin", close: () => read.destroy() });
}

function faultOf(error: unknown): StorageFault | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (typeof code !== "string" || !code.startsWith("SQLITE_")) return undefined;
  const is = (...names: string[]) => names.some((name) => code.startsWith(`SQLITE_${name}`));
  const fault = (kind: StorageFault["kind"], what: "resource_exhausted" | "unavailable", message: string) => ({
    kind,
    error: errorOf(what, message, { outcome: "not-executed", cause: error }),
  });
  if (is("BUSY", "LOCKED")) return fault("busy", "unavailable", "The database is locked by another program.");
  if (is("FULL")) return fault("full", "resource_exhausted", "The disk of the database is full.");
  if (is("CORRUPT", "NOTADB")) return fault("damaged", "unavailable", "The database is damaged.");
  if (is("IOERR", "CANTOPEN", "READONLY")) return fault("away", "unavailable", "The database cannot be reached.");
  return undefined;
}
