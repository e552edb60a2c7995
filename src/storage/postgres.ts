import type { Kysely } from "kysely";
import { errorOf } from "../core/error.js";
import type { Backend } from "./backend.js";
import { isRefusal, postgresFaultOf } from "./postgres-faults.js";
import { createPool, kyselyOver } from "./postgres-pool.js";
import { ReadOnlyStore } from "./read-only-store.js";
import { run } from "./run.js";

/** So long a writer waits for another replica's transaction before it is told that the database is busy. */
const lockTimeoutMs = 5_000;
/**
 * A replica that is paused inside its transaction keeps all others from writing; the server ends its session after so
 * long. A little more than a change may take, so that a slow change is given up by itself.
 */
const idleInTransactionMs = 6_000;
const statementTimeoutMs = 10_000;
const answerTimeoutMs = 15_000;
const readConnections = 4;

export interface PostgresOptions {
  /** `postgres://user@host:port/database`; the password may come from `PGPASSWORD`. */
  readonly url: string;
  /** Holds the module's tables; made where it is missing. */
  readonly schema: string;
}

/** The server is there and refuses the user or the database. The message has no secrets. */
export class DatabaseRefused extends Error {
  override name = "DatabaseRefused";
}

/**
 * Opens a module's schema: a pool for reads and one connection that writes. Over all replicas one transaction writes at
 * a time, under an advisory lock of the schema: so positions follow commit order, and a commit means what it means on
 * SQLite. Throws `unavailable` where the server cannot be reached, `DatabaseRefused` where it will not have us.
 */
export async function openPostgres({ url, schema }: PostgresOptions): Promise<Backend> {
  const reads = createPool(url, schema, { max: readConnections, statement_timeout: statementTimeoutMs });
  const writes = createPool(url, schema, {
    max: 1,
    idleTimeoutMillis: 0,
    idle_in_transaction_session_timeout: idleInTransactionMs,
  });
  const write = kyselyOver(writes, { answerTimeoutMs });
  const place = placeOf(url, schema);
  const lock = `select pg_advisory_xact_lock(hashtextextended('pangaea ${schema}', 0))`;
  const bounds = `set local lock_timeout = ${lockTimeoutMs}; set local statement_timeout = ${statementTimeoutMs}`;
  const backend: Backend = {
    kind: "postgres",
    place,
    schema,
    // What a module reads with is on its own: nobody else would say that the server is away.
    read: kyselyOver(reads, { answerTimeoutMs, errorOf: (error) => postgresFaultOf(error)?.error ?? error }),
    write,
    migrations: kyselyOver(writes),
    async begin(db, relaxed) {
      const flushed = relaxed ? "; set local synchronous_commit = off" : "";
      try {
        await run(db, `begin; ${bounds}${flushed}; ${lock}`);
      } catch (error) {
        await run(db, "rollback").catch(() => undefined);
        throw error;
      }
    },
    commit,
    faultOf: postgresFaultOf,
    async close() {
      await Promise.all([reads.end(), writes.end()]);
    },
  };
  try {
    await write.connection().execute(async (db) => {
      await backend.begin(db, false);
      await run(db, `create schema if not exists "${schema}"`);
      await backend.commit(db);
    });
    return backend;
  } catch (error) {
    await backend.close();
    if (isRefusal(error)) throw new DatabaseRefused(`${place}: ${error.message}`, { cause: error });
    throw postgresFaultOf(error)?.error ?? error;
  }
}

/** A module's schema for somebody who only looks. Throws, naming server and schema, where it is not there. */
export async function openPostgresReadOnly(module: string, { url, schema }: PostgresOptions): Promise<ReadOnlyStore> {
  // One connection: a snapshot is a transaction, and each of its queries asks the pool again.
  const pool = createPool(url, schema, { max: 1, idleTimeoutMillis: 0, statement_timeout: statementTimeoutMs });
  const read = kyselyOver(pool, { answerTimeoutMs });
  const refuse = async (why: string, cause?: unknown): Promise<never> => {
    await pool.end();
    throw new Error(`${placeOf(url, schema)}: ${why}`, { cause });
  };
  const select = "select 1 from pg_namespace where nspname = ?";
  const { rows } = await run(read, select, [schema]).catch((error: unknown) =>
    refuse(postgresFaultOf(error)?.error.message ?? (error as Error).message, error),
  );
  if (rows.length === 0) await refuse(`there is no such schema: ${module} has never run there.`);
  const begin = "begin isolation level repeatable read read only";
  return new ReadOnlyStore({ module, read, begin, close: () => pool.end() });
}

async function commit(db: Kysely<any>): Promise<void> {
  let ended: { readonly command: string } | undefined;
  try {
    ({
      rows: [ended],
    } = await run<{ command: string }>(db, "commit"));
  } catch (error) {
    if (postgresFaultOf(error)?.kind !== "away") throw error;
    throw errorOf("unavailable", "The connection was lost during a commit: whether it was made is not known.", {
      outcome: "unknown",
      cause: error,
    });
  }
  // That is how the server answers a commit of what it has given up already.
  if (ended?.command === "ROLLBACK")
    throw errorOf("aborted", "The database undid a transaction instead of committing it.");
}

/** For messages: without user and password. */
function placeOf(url: string, schema: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}, schema ${schema}`;
}
