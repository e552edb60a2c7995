import { databaseOf, type Topology } from "../core/topology.js";
import type { Backend } from "../storage/backend.js";
import { ConfigurationError, type Settings } from "./settings.js";

export interface BackendOptions {
  readonly topology: Topology;
  readonly settings: Settings;
}

/** The file that holds a module's data where that is SQLite. */
export const sqliteFile = (module: string, { dataDir }: Settings): string => `${dataDir}/${module}.db`;

/**
 * Opens the database of a module: its own SQLite file in the data folder, or its own schema on a PostgreSQL server. Throws
 * `unavailable` where the server cannot be reached now.
 */
export async function openBackend(module: string, { topology, settings }: BackendOptions): Promise<Backend> {
  const database = databaseOf(topology, module);
  // A process pays for loading the driver that it uses, and for no other.
  if (database === "sqlite") {
    const { openSqlite } = await import("../storage/sqlite.js");
    return openSqlite(sqliteFile(module, settings));
  }
  const key = `${topology.file}: database${topology.databases.has(module) ? `.${module}` : ""}`;
  const url = database === "postgres" ? settings.databaseUrl : database;
  if (url === undefined) {
    throw new ConfigurationError(`${key}: "postgres" takes its address from DATABASE_URL; set it, or write it here.`);
  }
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
