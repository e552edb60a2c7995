import { Migrator } from "kysely/migration";
import type { Migration } from "../core/module.js";
import type { Backend } from "./backend.js";
import { frameworkMigrations } from "./framework-tables.js";
import { run } from "./run.js";

/**
 * Brings a module's tables up to its code, forward only. Throws, naming module and migration, where one fails or where
 * the file was written by newer code; the database is then as it was.
 */
export async function migrate(module: string, backend: Backend, migrations: readonly Migration[]): Promise<void> {
  const { kind, schema, migrations: db } = backend;
  const all = [...frameworkMigrations(kind), ...migrations];
  const names = new Set(all.map((migration) => migration.name));
  const applied = await appliedMigrations(backend);
  const unknown = applied.filter((name) => !names.has(name));
  if (unknown.length > 0) {
    throw new Error(
      `module ${module}: its database was changed by newer code (${unknown.join(", ")}); run that version or newer.`,
    );
  }
  // The usual start; the migrator looks at every table before it finds nothing to do.
  if (applied.length === names.size) return;
  const migrator = new Migrator({
    db,
    // A framework's step may come to a file that has the module's already.
    allowUnorderedMigrations: true,
    migrationTableSchema: schema,
    migrationTableName: "pangaea_migration",
    migrationLockTableName: "pangaea_migration_lock",
    provider: {
      getMigrations: () => Promise.resolve(Object.fromEntries(all.map(({ name, up }) => [name, { up }]))),
    },
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) {
    const failed = results?.find((result) => result.status === "Error")?.migrationName ?? "its migrations";
    throw new Error(`module ${module}: ${failed} failed: ${(error as Error).message}`, { cause: error });
  }
}

const tableNamed = {
  sqlite: "select 1 from sqlite_master where type = 'table' and name = ?",
  postgres: "select 1 from pg_tables where tablename = ? and schemaname = ?",
};

/** The names of what a database has been through; none where it is empty. */
export async function appliedMigrations({ kind, schema, migrations: db }: Backend): Promise<string[]> {
  const place = ["pangaea_migration", ...(schema === undefined ? [] : [schema])];
  if ((await run(db, tableNamed[kind], place)).rows.length === 0) return [];
  const rows = await db.selectFrom("pangaea_migration").select("name").execute();
  return rows.map((row) => row.name as string);
}
