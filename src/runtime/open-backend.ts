import { databaseOf, type Topology } from "../core/topology.js";
import type { Backend } from "../storage/backend.js";
import type { ReadOnlyStore } from "../storage/read-only-store.js";
import type { ProcessOptions } from "./process-runtime.js";
import { ConfigurationError, type Settings } from "./settings.js";

export interface BackendOptions {
  readonly topology: Topology;
  readonly settings: Settings;
}

/** The file that holds a module's data where that is SQLite. */
export const sqliteFile = (module: string, { dataDir }: Pick<Settings, "dataDir">): string => `${dataDir}/${module}.db`;

/**
 * Opens the database of a module: its own SQLite file in the data folder, or its own schema on a PostgreSQL server. Throws
 * `unavailable` where the server cannot be reached now.
 */
export async function openBackend(module: string, options: BackendOptions): Promise<Backend> {
  // A process pays for loading the driver that it uses, and for no other.
  if (databaseOf(options.topology, module) === "sqlite") {
    const { openSqlite } = await import("../storage/sqlite.js");
    return openSqlite(sqliteFile(module, options.settings));
  }
  const { key, url } = serverOf(module, options);
  const { DatabaseRefused, openPostgres } = await import("../storage/postgres.js");
  try {
    return await openPostgres({ url, schema: module });
  } catch (error) {
    if (!(error instanceof DatabaseRefused)) throw error;
    throw new ConfigurationError(
      `${key}: ${error.message}; mend user, password (PGPASSWORD) or database, or its rights.`,
    );
  }
}

/** Loads what the modules of a process need for their data, and opens nothing: whoever waits for its turn is quick then. */
export async function loadDrivers({ topology, process, modules }: ProcessOptions): Promise<void> {
  const withData = process.modules.filter((name) => modules.get(name)?.migrations !== undefined);
  if (withData.length === 0) return;
  const isSqlite = (name: string) => databaseOf(topology, name) === "sqlite";
  await import("./module-data.js");
  if (withData.some(isSqlite)) await import("../storage/sqlite.js");
  if (!withData.every(isSqlite)) await import("../storage/postgres.js");
}

/** The same database for somebody who only looks; throws where it is not there. */
export async function openReadOnly(module: string, options: BackendOptions): Promise<ReadOnlyStore> {
  if (databaseOf(options.topology, module) === "sqlite") {
    const { openSqliteReadOnly } = await import("../storage/sqlite.js");
    return openSqliteReadOnly(module, sqliteFile(module, options.settings));
  }
  const { openPostgresReadOnly } = await import("../storage/postgres.js");
  return openPostgresReadOnly(module, { url: serverOf(module, options).url, schema: module });
}

/** The PostgreSQL server that a topology names for a module, and the place where it does. */
function serverOf(module: string, { topology, settings }: BackendOptions): { key: string; url: string } {
  const database = databaseOf(topology, module);
  const key = `${topology.file}: database${topology.databases.has(module) ? `.${module}` : ""}`;
  const url = database === "postgres" ? settings.databaseUrl : database;
  if (url !== undefined) return { key, url };
  throw new ConfigurationError(`${key}: "postgres" takes its address from DATABASE_URL; set it, or write it here.`);
}
