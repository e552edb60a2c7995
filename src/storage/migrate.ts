import { Migrator } from "kysely/migration";
import type { Migration } from "../core/module.js";
import type { Backend } from "./backend.js";
import { frameworkMigrations } from "./framework-tables.js";

/**
 * Brings a module's tables up to its code, forward only. Throws, naming module and migration, where one fails or where
 * the file was written by newer code; the database is then as it was.
 */
export async function migrate(module: string, backend: Backend, migrations: readonly Migration[]): Promise<void> {
  const { kind, schema, migrations: db } = backend;
  const all = [...frameworkMigrations(kind), ...migrations];
  const names = new Set(all.map((migration) => migration.name));
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
  const applied = await appliedMigrations(backend);
  const unknown = applied.filter((name) => !names.has(name));
  if (unknown.length > 0) {
    throw new Error(
      `module ${module}: its database was changed by newer code (${unknown.join(", ")}); run that version or newer.`,
    );
  }
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) {
    const failed = results?.find((result) => result.status === "Error")?.migrationName ?? "its migrations";
    throw new Error(`module ${module}: ${failed} failed: ${(error as Error).message}`, { cause: error });
  }
}

/** The names of what a database has been through; none where it is empty. */
export async function appliedMigrations({ schema, migrations: db }: Backend): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === "pangaea_migration" && table.schema === schema)) return [];
  const rows = await db.selectFrom("pangaea_migration").select("name").execute();
  return rows.map((row) => row.name as string);
}
