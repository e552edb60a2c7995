import type { Kysely } from "kysely";
import type { Clock } from "../core/clock.js";
import type { Migration } from "../core/module.js";
import type { Backend } from "./backend.js";
import { type Content, ContentSum } from "./checksum.js";
import { GroupCommit } from "./group-commit.js";
import { appliedMigrations, migrate } from "./migrate.js";
import { createLeaseTable, ownerLease, Ownership } from "./ownership.js";
import { run } from "./run.js";
import { countersOf, rowsOf, setCounters, type StoredRow, tablesOf } from "./stored-tables.js";

/** A process that ended without a word is taken for dead within this time. */
const takeOverMs = 5_000;
/** So many values a statement has at most; SQLite takes 32,766. */
const maxValues = 30_000;

export interface CopyOptions {
  readonly module: string;
  readonly from: Backend;
  readonly to: Backend;
  readonly migrations: readonly Migration[];
  readonly clock: Clock;
}

/** One table on both sides, each read again after the copy. */
export interface CopiedTable {
  readonly table: string;
  readonly from: Content;
  readonly to: Content;
}

/**
 * Copies all data of a stopped module, the framework's rows included, into a database that has none of it: all or
 * nothing; what was copied before is only compared. Throws where a process runs on either side, where the target has other
 * data, or where the source has not the tables of this version. The source stays as it is.
 */
export async function copyModule({ module, from, to, migrations, clock }: CopyOptions): Promise<CopiedTable[]> {
  const leases: Ownership[] = [];
  try {
    for (const backend of [from, to]) leases.push(await own(module, backend, clock));
    await migrate(module, to, migrations);
    await checkVersions(module, from, to);
    const tables = await tablesOf(to);
    const full = await findData(to, tables);
    if (full === undefined) {
      await inTransaction(from, (source) =>
        inTransaction(to, (target) => copyTables(tables, from, source, to, target)),
      );
    }
    const compared = await compare(tables, from, to);
    if (full === undefined || compared.every(isSame)) return compared;
    throw new Error(
      `${module}: ${to.place} has other data already (table ${full}); nothing was copied. Give an empty one.`,
    );
  } finally {
    await Promise.all(leases.map((lease) => lease.release()));
  }
}

/** Nobody else may run on the data meanwhile. */
async function own(module: string, backend: Backend, clock: Clock): Promise<Ownership> {
  const commits = new GroupCommit(backend, clock, () => Promise.resolve());
  await commits.run(createLeaseTable);
  const what = `The data of ${module} (${backend.place})`;
  const lease = new Ownership(ownerLease, { what, commits, read: backend.read, clock, onLost: () => {} });
  await lease.take(takeOverMs);
  return lease;
}

async function checkVersions(module: string, from: Backend, to: Backend): Promise<void> {
  const [before, after] = await Promise.all([from, to].map(async (side) => (await appliedMigrations(side)).toSorted()));
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  throw new Error(
    `${module}: the tables in ${from.place} are not those of this version; start it there once with this version, then copy.`,
  );
}

/** A table of the target that has rows already; undefined where it is all empty. */
async function findData(to: Backend, tables: readonly string[]): Promise<string | undefined> {
  for (const table of tables) {
    const { rows } = await run(to.read, `select 1 from "${table}" limit 1`);
    if (rows.length > 0) return table;
  }
  return undefined;
}

async function compare(tables: readonly string[], from: Backend, to: Backend): Promise<CopiedTable[]> {
  const compared: CopiedTable[] = [];
  for (const table of tables) {
    compared.push({ table, from: await contentOf(from, table), to: await contentOf(to, table) });
  }
  return compared;
}

/** Whether both sides of a table are the same. */
export const isSame = ({ from, to }: Pick<CopiedTable, "from" | "to">): boolean =>
  from.rows === to.rows && from.checksum === to.checksum;

async function copyTables(
  tables: readonly string[],
  from: Backend,
  source: Kysely<any>,
  to: Backend,
  target: Kysely<any>,
): Promise<void> {
  for (const table of tables) {
    for await (const batch of rowsOf(from, source, table)) {
      for (let done = 0; done < batch.length;) {
        const share = Math.max(1, Math.floor(maxValues / Object.keys(batch[0]!).length));
        await insert(target, table, batch.slice(done, done + share));
        done += share;
      }
    }
  }
  await setCounters(to, target, await countersOf(from, source));
}

async function insert(db: Kysely<any>, table: string, rows: readonly StoredRow[]): Promise<void> {
  const columns = Object.keys(rows[0]!);
  const marks = `(${columns.map(() => "?").join(", ")})`;
  const names = columns.map((column) => `"${column}"`).join(", ");
  await run(
    db,
    `insert into "${table}" (${names}) values ${rows.map(() => marks).join(", ")}`,
    rows.flatMap((row) => columns.map((column) => row[column])),
  );
}

async function contentOf(backend: Backend, table: string): Promise<Content> {
  const sum = new ContentSum();
  await inTransaction(backend, async (db) => {
    for await (const batch of rowsOf(backend, db, table)) for (const row of batch) sum.add(row);
  });
  return sum.content;
}

const inTransaction = (backend: Backend, work: (db: Kysely<any>) => Promise<void>): Promise<void> =>
  backend.migrations.connection().execute(async (db) => {
    await backend.begin(db, false);
    try {
      await work(db);
      await backend.commit(db);
    } catch (error) {
      await run(db, "rollback").catch(() => undefined);
      throw error;
    }
  });
