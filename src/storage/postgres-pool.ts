import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from "kysely";
import { Pool, type PoolClient, type PoolConfig, type QueryConfig, types } from "pg";
import { fail } from "../core/error.js";
import { frameworkErrors } from "../core/work.js";

/** So long the server may take to accept a connection. */
const connectTimeoutMs = 10_000;

/** PostgreSQL's numbers for its types: bigint (counts, epoch milliseconds, money) and numeric (sums of them). */
const wholeNumbers: ReadonlySet<number> = new Set([20, 1700]);

/** Numbers come back as numbers, as they do from SQLite; beyond 2^53 they lose digits, there as here. */
const asNumbers = {
  getTypeParser: ((id: number, format: "text" | "binary") =>
    wholeNumbers.has(id) && format !== "binary"
      ? Number
      : types.getTypeParser(id, format)) as typeof types.getTypeParser,
};

/** Connections to one server that find the tables of one schema. */
export function createPool(url: string, schema: string, config: PoolConfig): Pool {
  const pool = new Pool({
    connectionString: url,
    options: `-c search_path="${schema}"`,
    application_name: `pangaea ${schema}`,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    types: asNumbers,
    ...config,
  });
  // A connection that is lost shows in the statement under way, or is replaced by the next one; unheard it ends the process.
  const unheard = () => {};
  pool.on("error", unheard);
  pool.on("connect", (client) => client.on("error", unheard));
  return pool;
}

export interface AskOptions {
  /**
   * A statement that the server does not answer in this time fails, and its connection is closed: a server that is paused
   * or behind a dead network holds nobody up for longer.
   */
  readonly answerTimeoutMs?: number;
  /** Makes of an error what callers are to see. */
  readonly errorOf?: (error: unknown) => unknown;
}

/** The query builder over a pool. */
export const kyselyOver = (pool: Pool, options: AskOptions = {}): Kysely<any> =>
  new Kysely({ dialect: new PostgresDialect({ pool: watched(pool, options) }) });

const watched = (pool: Pool, { answerTimeoutMs, errorOf = (error) => error }: AskOptions): PostgresPool => ({
  options: pool.options,
  async connect() {
    const failed = (error: unknown): never => {
      throw errorOf(error);
    };
    const client = await pool.connect().catch(failed);
    const ask = (text: string, values: unknown[]): Promise<any> =>
      query(client, text, values, answerTimeoutMs).catch(failed);
    return { query: ask, release: () => client.release() } as PostgresPoolClient;
  },
  // Several query builders share a pool; who made it ends it.
  end: () => Promise.resolve(),
});

/** U+0000 is the one character that a text in PostgreSQL cannot have. */
function refuseNul(values: readonly unknown[]): void {
  if (values.some((value) => typeof value === "string" && value.includes("\0")))
    throw fail(frameworkErrors.TEXT_NOT_STORABLE);
}

async function query(client: PoolClient, text: string, values: unknown[] = [], answerTimeoutMs?: number) {
  refuseNul(values);
  try {
    // The types of `pg` do not know this option; https://node-postgres.com/apis/client does.
    return await client.query({ text, values, query_timeout: answerTimeoutMs } as QueryConfig);
  } catch (error) {
    // The answer may still come, to whoever asks next.
    if ((error as Error).message === "Query read timeout") void (client as unknown as Closable).end();
    throw error;
  }
}

interface Closable {
  end(): Promise<void>;
}
