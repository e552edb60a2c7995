import type { Kysely } from "kysely";
import type { Backend } from "./backend.js";
import { run } from "./run.js";

/** A row as it is stored; only these four look the same in every database. */
export type StoredRow = Readonly<Record<string, string | number | Uint8Array | null>>;

/** Bookkeeping of one database about itself. */
const own = new Set(["pangaea_migration", "pangaea_migration_lock", "pangaea_lease"]);
const batchSize = 500;

/** The tables of a module and the framework's beside them, in the order in which they were made: no reference points forward. */
export async function tablesOf({ kind, schema, read }: Backend): Promise<string[]> {
  const { rows } =
    kind === "sqlite"
      ? await run<{ name: string }>(
          read,
          "select name from sqlite_master where type = 'table' and name not like 'sqlite%' order by rowid",
        )
      : await run<{ name: string }>(
          read,
          `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = ? and c.relkind in ('r', 'p') order by c.oid`,
          [schema],
        );
  return rows.map(({ name }) => name).filter((name) => !own.has(name));
}

/** The rows of a table as one moment saw them, in batches. Nothing else can be asked on this connection meanwhile. */
export async function* rowsOf({ kind }: Backend, db: Kysely<any>, table: string): AsyncGenerator<StoredRow[]> {
  if (kind === "sqlite") {
    let after: unknown = Number.MIN_SAFE_INTEGER;
    for (;;) {
      const { rows } = await run<{ pangaea_rowid: number }>(
        db,
        `select rowid as pangaea_rowid, * from "${table}" where rowid > ? order by rowid limit ${batchSize}`,
        [after],
      );
      if (rows.length === 0) return;
      after = rows.at(-1)!.pangaea_rowid;
      yield rows.map((row) => plain(table, row));
    }
  }
  await run(db, `declare pangaea_rows no scroll cursor for select * from "${table}"`);
  for (;;) {
    const { rows } = await run<object>(db, `fetch ${batchSize} from pangaea_rows`);
    if (rows.length === 0) break;
    yield rows.map((row) => plain(table, row));
  }
  await run(db, "close pangaea_rows");
}

const plain = (table: string, row: object): StoredRow =>
  Object.fromEntries(
    Object.entries(row)
      .filter(([column]) => column !== "pangaea_rowid")
      .map(([column, value]) => [column, plainValue(`${table}.${column}`, value)]),
  );

function plainValue(where: string, value: unknown): string | number | Uint8Array | null {
  if (value === null || typeof value === "string" || value instanceof Uint8Array) return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== "number") return JSON.stringify(value);
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) return value;
  throw new Error(`${where} has the number ${value}, which is beyond 2^53 and would lose digits`);
}

/** The last number that each counting column has given, also where its rows are gone: no number is given twice. */
export async function countersOf({ kind, schema }: Backend, db: Kysely<any>): Promise<Map<string, number>> {
  if (kind === "sqlite") {
    const { rows } = await run<{ name: string; seq: number }>(db, "select name, seq from sqlite_sequence");
    return new Map(rows.map(({ name, seq }) => [name, seq]));
  }
  const counters = new Map<string, number>();
  for (const { table, sequence } of await sequencesOf(db, schema!)) {
    const { rows } = await run<{ last: number }>(
      db,
      `select case when is_called then last_value else last_value - 1 end as last from ${sequence}`,
    );
    counters.set(table, rows[0]!.last);
  }
  return counters;
}

/** Lets the counting columns go on after these numbers. */
export async function setCounters(
  { kind, schema }: Backend,
  db: Kysely<any>,
  counters: Map<string, number>,
): Promise<void> {
  if (kind === "sqlite") {
    for (const [table, last] of counters) {
      await run(db, "delete from sqlite_sequence where name = ?", [table]);
      await run(db, "insert into sqlite_sequence (name, seq) values (?, ?)", [table, last]);
    }
    return;
  }
  for (const { table, sequence } of await sequencesOf(db, schema!)) {
    const last = counters.get(table) ?? 0;
    await run(db, `select setval(?, ?, ?)`, [sequence, Math.max(last, 1), last > 0]);
  }
}

async function sequencesOf(
  db: Kysely<any>,
  schema: string,
): Promise<{ readonly table: string; readonly sequence: string }[]> {
  const { rows } = await run<{ table: string; sequence: string }>(
    db,
    `select t.relname as "table", format('%I.%I', n.nspname, s.relname) as sequence
      from pg_class s join pg_namespace n on n.oid = s.relnamespace
      join pg_depend d on d.objid = s.oid and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i')
      join pg_class t on t.oid = d.refobjid
      where s.relkind = 'S' and n.nspname = ?`,
    [schema],
  );
  return rows;
}
