import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const moduleNamed = (name: string, table: string) => ({
  [`modules/${name}/contract.ts`]: `
    import { defineContract, read } from "framework";
    import { z } from "zod";
    /** Not a port, not a process, not http://: a comment may say so. */
    export const ${name} = defineContract("${name}", 1, {
      procedures: {
        get: read({ summary: "Important exports, in order.", input: z.object({}), output: z.object({}), access: "public", http: { route: "GET /${name}" } }),
      },
    });`,
  [`modules/${name}/module.ts`]: `
    import { defineModule } from "framework";
    import { ${name} } from "./contract.js";
    import { migrations } from "./migrations/index.js";
    import { Service } from "./${name}-service.js";
    export default defineModule({ contract: ${name}, service: Service, migrations });`,
  [`modules/${name}/${name}-service.ts`]: `
    import { inject, injectable } from "inversify";
    import { Work, type CallContext } from "framework";
    import { limit } from "./domain/limit.js";
    import { Repository } from "./${name}-repository.js";
    /** select * from nowhere */
    @injectable()
    export class Service {
      static readonly kind = "service";
      constructor(@inject(Repository) private readonly repository: Repository, @inject(Work) private readonly work: Work) {}
      async get(_input: unknown, ctx: CallContext) {
        let found = \`\${limit} of \${[1].map((n) => { return \`\${n}\`; })}\`;
        if (/["'\`]/.test(found)) found = "it's";
        return this.work.commit(ctx, (tx) => this.repository.find(tx));
      }
    }`,
  [`modules/${name}/${name}-repository.ts`]: `
    import { inject, injectable } from "inversify";
    import { sql } from "kysely";
    import { Database, type Tx } from "framework";
    @injectable()
    export class Repository {
      constructor(@inject(Database) private readonly db: Database) {}
      find(tx: Tx) {
        return this.db.in(tx).selectFrom("${table} as t").where(sql\`exists (select 1 from ${table})\`).execute();
      }
    }`,
  [`modules/${name}/migrations/0001-${name}.ts`]: `
    import type { Kysely } from "kysely";
    export const first = { name: "0001", up: (db: Kysely<unknown>) => db.schema.createTable("${table}").execute() };`,
  [`modules/${name}/migrations/index.ts`]: `
    import { first } from "./0001-${name}.js";
    export const migrations = [first];`,
  [`modules/${name}/domain/limit.ts`]: `
    export const limit = 10;
    const names: ReadonlySet<string> = new Set(["a"]);
    export const isName = (name: string): boolean => names.has(name);`,
  [`modules/${name}/${name}.test.ts`]: `
    import { systemIn } from "framework/testing";
    import { expect, it } from "vitest";
    it("listens on a port", () => expect(systemIn({ process: "http://localhost" }, new Map())).toBeDefined());`,
});

/** A small project in which everything is as it must be: every folder of a framework, and an application on top. */
export const minimalTree: Readonly<Record<string, string>> = {
  "package.json": `{ "name": "framework" }`,
  "src/index.ts": `export * from "./core/call.js";\nexport { open } from "./storage/database.js";`,
  "src/core/call.ts": `
    import { randomUUID } from "node:crypto";
    import type { Context } from "./context.js";
    export const idOf = (_context: Context) => randomUUID();`,
  "src/core/context.ts": `
    import type { idOf } from "./call.js";
    /** Read as orders, users, catalog: examples may come from anywhere. */
    export interface Context { readonly id: typeof idOf }`,
  "src/storage/database.ts": `
    import BetterSqlite from "better-sqlite3";
    import { Kysely } from "kysely";
    import type { Context } from "../core/context.js";
    export const open = (_context: Context) => new Kysely(new BetterSqlite("create table framework_outbox (id text)"));`,
  "src/interceptors/deadline.ts": `import { idOf } from "../core/call.js";\nexport const deadline = () => idOf;`,
  "src/schema/shapes.ts": `import { z } from "zod";\nexport const shape = () => z.object({});`,
  "src/server/host.ts": `import { idOf } from "../core/call.js";\nimport { open } from "../storage/database.js";\nexport const host = () => [idOf, open];`,
  "src/client/client.ts": `import { idOf } from "../core/call.js";\nexport const client = () => idOf;`,
  "src/runtime/process.ts": `
    import { host } from "../server/host.js";
    import { z } from "zod";
    export const load = async (name: string): Promise<unknown> => [host, z, await import(name)];`,
  "src/gateway/gateway.ts": `import express from "express";\nimport { load } from "../runtime/process.js";\nexport const open = () => [express, load];`,
  "src/cli/main.ts": `import { open } from "../gateway/gateway.js";\nvoid open();\nvoid import("./start.js");`,
  "src/cli/start.ts": `import { load } from "../runtime/process.js";\nexport const start = () => load("x");`,
  "src/testing/index.ts": `export { load } from "../runtime/process.js";\nexport { open } from "../gateway/gateway.js";`,
  "transports/wire/transport.ts": `
    import { createServer } from "node:http";
    import { Client } from "wire-client";
    import { idOf } from "../../src/core/call.js";
    import { frame } from "./frames.js";
    export const createTransport = () => [createServer, Client, idOf, frame];`,
  "transports/wire/frames.ts": `export const frame = (text: string) => text.split("/");`,
  "transports/memory/transport.ts": `import { EventEmitter } from "emitter";\nexport const createTransport = () => new EventEmitter();`,
  "test/unit/anything.test.ts": `import { createTransport } from "../../transports/memory/transport.js";\nlet many = [createTransport];`,
  ...moduleNamed("orders", "orders"),
  ...moduleNamed("users", "user_accounts"),
};

/** Writes files, given by their path from `root`. */
export function writeTree(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}
