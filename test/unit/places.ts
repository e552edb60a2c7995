import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Backend } from "../../src/storage/backend.js";
import { openPostgres } from "../../src/storage/postgres.js";
import { openSqlite } from "../../src/storage/sqlite.js";
import { newSchema, postgresMissing, postgresUrl } from "../setup/test-postgres.js";

/** Where a test keeps one module's data: each backend opened here sees what the ones before have left. */
export interface Place {
  /** `durable`: flushed to the disk. Thousands of commits would take minutes, so most tests do without. */
  open(durable?: boolean): Promise<Backend>;
  remove(): void;
}

interface Kind {
  readonly kind: Backend["kind"];
  newPlace(): Place;
}

const sqlite: Kind = {
  kind: "sqlite",
  newPlace() {
    const folder = mkdtempSync(join(tmpdir(), "place-"));
    return {
      open: (durable = false) => Promise.resolve(openSqlite(join(folder, "things.db"), durable)),
      remove: () => rmSync(folder, { recursive: true }),
    };
  },
};

const postgres: Kind = {
  kind: "postgres",
  newPlace() {
    const schema = newSchema();
    return { open: async () => openPostgres({ url: await postgresUrl(), schema }), remove() {} };
  },
};

if (postgresMissing !== undefined) process.stderr.write(`Without PostgreSQL: ${postgresMissing}\n`);

/** For `describe.each`: every kind of database that is here. */
export const kinds: readonly Kind[] = postgresMissing === undefined ? [sqlite, postgres] : [sqlite];
