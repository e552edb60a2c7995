/** The files of a new module, named and shaped like every other module's: path inside its folder → text. */
export function moduleFiles(name: string): ReadonlyMap<string, string> {
  const words = { name, camel: camelCase(name), pascal: pascalCase(name) };
  return new Map([
    ["contract.ts", contract(words)],
    ["module.ts", module(words)],
    [`${name}-service.ts`, service(words)],
    [`${name}-repository.ts`, repository(words)],
    [`migrations/0001-${name}.ts`, migration(words)],
    ["migrations/index.ts", migrations(words)],
    [`${name}.test.ts`, test(words)],
  ]);
}

/** Words that the files above use for something else, so that a contract's constant cannot have them. */
export const takenWords: ReadonlySet<string> = new Set(
  (
    "arguments await break case catch class const continue debugger default delete do else enum eval export extends " +
    "false finally for function if implements import in instanceof interface let new null package private protected " +
    "public return static super switch this throw true try typeof undefined var void while with yield " +
    "afterAll asked beforeAll column createdAt ctx db defineContract defineModule entries entry entryOf error expect " +
    "fail get id inject injectable isError it migrations module mutation read row system testSystem text thrown " +
    "topology tx z"
  ).split(" "),
);

/** `gift-cards` as a constant is called: `giftCards`. */
export const camelCase = (name: string): string =>
  name.replace(/-(.)/g, (_dash, letter: string) => letter.toUpperCase());

const pascalCase = (name: string): string => name[0]!.toUpperCase() + camelCase(name).slice(1);

interface Words {
  readonly name: string;
  readonly camel: string;
  readonly pascal: string;
}

const contract = ({ name, camel, pascal }: Words) => `\
import { type ClientOf, defineContract, mutation, read } from "pangaea";
import { z } from "zod";

/** What ${name} keeps. */
export const Entry = z.object({
  id: z.string(),
  text: z.string(),
  createdAt: z.iso.datetime(),
});
export type Entry = z.infer<typeof Entry>;

/** What others may ask of ${name}. */
export const ${camel} = defineContract("${name}", 1, {
  errors: {
    ENTRY_NOT_FOUND: { code: "not_found", message: "There is no such entry." },
  },
  procedures: {
    create: mutation({
      summary: "Keeps a new entry.",
      input: z.object({ text: z.string().min(1).max(200) }),
      output: Entry,
      access: "user",
      http: { route: "POST /${name}", status: 201, idempotencyKey: "optional" },
    }),
    get: read({
      summary: "One entry.",
      input: z.object({ id: z.string().min(1).max(100) }),
      output: Entry,
      access: "user",
      http: { route: "GET /${name}/:id" },
    }),
  },
});

/** A typed client of ${name}. */
export type ${pascal}Client = ClientOf<typeof ${camel}>;
`;

const module = ({ name, camel, pascal }: Words) => `\
import { defineModule } from "pangaea";
import { ${camel} } from "./contract.js";
import { migrations } from "./migrations/index.js";
import { ${pascal}Repository } from "./${name}-repository.js";
import { ${pascal}Service } from "./${name}-service.js";

export default defineModule({
  contract: ${camel},
  service: ${pascal}Service,
  bind: [${pascal}Repository],
  migrations,
});
`;

const service = ({ name, camel, pascal }: Words) => `\
import { inject, injectable } from "inversify";
import { type CallContext, Clock, fail, Ids, type Input, type ServiceOf, Work } from "pangaea";
import { type Entry, ${camel} } from "./contract.js";
import { ${pascal}Repository } from "./${name}-repository.js";

/** Keeps entries and tells of them. */
@injectable()
export class ${pascal}Service implements ServiceOf<typeof ${camel}> {
  constructor(
    @inject(${pascal}Repository) private readonly repository: ${pascal}Repository,
    @inject(Work) private readonly work: Work,
    @inject(Ids) private readonly ids: Ids,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  create({ text }: Input<typeof ${camel}, "create">, ctx: CallContext): Promise<Entry> {
    return this.work.commit(ctx, async (tx) => {
      const createdAt = new Date(this.clock.wallTime()).toISOString();
      const entry: Entry = { id: this.ids.uuid(), text, createdAt };
      await this.repository.insert(tx, entry);
      return entry;
    });
  }

  async get({ id }: Input<typeof ${camel}, "get">): Promise<Entry> {
    const entry = await this.repository.find(id);
    if (entry === undefined) throw fail(${camel}.errors.ENTRY_NOT_FOUND);
    return entry;
  }
}
`;

const repository = ({ name, pascal }: Words) => `\
import { inject, injectable } from "inversify";
import { Database, type Tx } from "pangaea";
import type { Entry } from "./contract.js";

interface EntryRow {
  readonly id: string;
  readonly text: string;
  readonly created_at: string;
}

interface ${pascal}Tables {
  readonly entries: EntryRow;
}

const entryOf = (row: EntryRow): Entry => ({ id: row.id, text: row.text, createdAt: row.created_at });

/** The tables of ${name}; no other module reads them. */
@injectable()
export class ${pascal}Repository {
  constructor(@inject(Database) private readonly db: Database<${pascal}Tables>) {}

  async find(id: string): Promise<Entry | undefined> {
    const row = await this.db.read.selectFrom("entries").selectAll().where("id", "=", id).executeTakeFirst();
    return row && entryOf(row);
  }

  async insert(tx: Tx, { id, text, createdAt }: Entry): Promise<void> {
    await this.db.in(tx).insertInto("entries").values({ id, text, created_at: createdAt }).execute();
  }
}
`;

const migration = ({ name, camel }: Words) => `\
import type { Kysely } from "kysely";

export const ${camel} = {
  name: "0001-${name}",
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("entries")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("text", "text", (column) => column.notNull())
      .addColumn("created_at", "text", (column) => column.notNull())
      .execute();
  },
};
`;

const migrations = ({ name, camel }: Words) => `\
import { ${camel} } from "./0001-${name}.js";

export const migrations = [${camel}];
`;

const test = ({ name, camel }: Words) => `\
import { isError, type Topology } from "pangaea";
import { testSystem, type TestSystem } from "pangaea/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ${camel} } from "./contract.js";
import module from "./module.js";

/** The module alone, in one process. */
const topology: Topology = {
  file: "${name}.test.ts",
  name: "test",
  processes: [
    {
      name: "test",
      modules: ["${name}"],
      gateway: { host: undefined, port: undefined },
      listen: {},
    },
  ],
  routes: new Map(),
  without: [],
  defaultRoute: "http",
  databases: new Map(),
  defaultDatabase: "sqlite",
  registry: { kind: "static" },
  transports: {},
};

let system: TestSystem;
beforeAll(async () => {
  system = await testSystem({ topology, modules: [module] });
}, 60_000);
afterAll(() => system?.stop());

it("gives an entry back as it was kept", async () => {
  const entries = system.client(${camel});
  const entry = await entries.create({ text: "first" }, system.context());
  expect(entry.text).toBe("first");
  expect(await entries.get({ id: entry.id }, system.context())).toEqual(entry);
});

it("says by name that there is no such entry", async () => {
  const asked = system.client(${camel}).get({ id: "nobody" }, system.context());
  const error: unknown = await asked.catch((thrown: unknown) => thrown);
  expect(isError(error, ${camel}.errors.ENTRY_NOT_FOUND)).toBe(true);
});
`;
