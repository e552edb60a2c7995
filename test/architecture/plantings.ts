import { minimalTree } from "./minimal-tree.js";

/** A change of the minimal tree that crosses a boundary, and how it must be reported. */
export interface Planting {
  readonly what: string;
  readonly files: Readonly<Record<string, string>>;
  /** Every violation, as `file: rule` or `file:line: rule`. */
  readonly found: readonly string[];
}

const changed = (path: string, change: (text: string) => string): Record<string, string> => {
  const before = minimalTree[path]!;
  const after = change(before);
  if (after === before) throw new Error(`${path} is as it was: nothing is planted`);
  return { [path]: after };
};
const added = (path: string, line: string) => changed(path, (text) => `${text}\n${line}\n`);
const one = (what: string, path: string, line: string, rule: string): Planting => ({
  what,
  files: path in minimalTree ? added(path, line) : { [path]: line },
  found: [`${path}: ${rule}`],
});

const service = "modules/orders/orders-service.ts";
const repository = "modules/orders/orders-repository.ts";
const wire = "transports/wire/transport.ts";

const moduleImports: readonly Planting[] = [
  one(
    "a module imports another's service",
    service,
    `import { Service as Other } from "../users/users-service.js";`,
    "module-internals",
  ),
  one(
    "a module imports another's repository",
    repository,
    `import { Repository as Other } from "../users/users-repository.js";`,
    "module-internals",
  ),
  one(
    "a module imports only a type of another's domain",
    service,
    `import type { limit as Other } from "../users/domain/limit.js";`,
    "module-internals",
  ),
  one(
    "a module re-exports another's module",
    service,
    `export { default as other } from "../users/module.js";`,
    "module-internals",
  ),
  one(
    "a module loads another's internals when it runs",
    service,
    `export const load = () => import("../users/users-repository.js");`,
    "module-internals",
  ),
  one(
    "a test of a module imports another's internals",
    "modules/orders/orders.test.ts",
    `import "../users/module.js";`,
    "module-internals",
  ),
  {
    what: "an import over several lines",
    files: added(service, `import {\n  type A,\n  Service as Other,\n} from "../users/users-service.js";`),
    found: [`${service}:20: module-internals`],
  },
  one(
    "a module reaches into the framework's files",
    service,
    `import { open } from "../../src/storage/database.js";`,
    "module-imports",
  ),
  one("a module imports a package that nobody gave it", service, `import { nanoid } from "nanoid";`, "module-imports"),
  one("a module imports a part of Node", service, `import { randomUUID } from "node:crypto";`, "module-imports"),
  one("a service uses the testing kit", service, `import { systemIn } from "framework/testing";`, "module-imports"),
  one(
    "a module imports what is only known when it runs",
    service,
    `export const load = (name: string) => import(\`../\${name}/module.js\`);`,
    "computed-import",
  ),
  one(
    "a module requires a file",
    service,
    `export const other = require(["..", "users"].join("/"));`,
    "computed-import",
  ),
];

const data: readonly Planting[] = [
  one(
    "a module opens a database by itself",
    repository,
    `import BetterSqlite from "better-sqlite3";`,
    "foreign-database",
  ),
  one(
    "a module opens a database with Node",
    repository,
    `import { DatabaseSync } from "node:sqlite";`,
    "foreign-database",
  ),
  one("a module reads files", repository, `import { readFile } from "node:fs/promises";`, "foreign-database"),
  one("a module names another's file", repository, `export const file = () => "data/users.db";`, "foreign-database"),
  one(
    "a repository queries another's table",
    repository,
    `export const q = (db: any) => db.selectFrom("user_accounts as u").execute();`,
    "foreign-database",
  ),
  one(
    "a repository joins another's table",
    repository,
    `export const q = (db: any) => db.selectFrom("orders").innerJoin("user_accounts", "a", "b");`,
    "foreign-database",
  ),
  one(
    "a repository writes SQL about another's table",
    repository,
    `export const q = (a: number) => sql\`\${a} in (select id from user_accounts)\`;`,
    "foreign-database",
  ),
  one(
    "a repository reads the framework's tables",
    repository,
    `export const q = (db: any) => db.selectFrom("framework_outbox");`,
    "foreign-database",
  ),
  one(
    "a migration refers to another's table",
    "modules/orders/migrations/0002-more.ts",
    `export const more = (column: any) => column.references("user_accounts.id");`,
    "foreign-database",
  ),
  one(
    "a service builds a query",
    service,
    `export const q = (db: any) => db.selectFrom("orders").execute();`,
    "sql-outside-repository",
  ),
  one(
    "a service writes a statement",
    service,
    `export const q = "delete from orders where id = ?";`,
    "sql-outside-repository",
  ),
  one(
    "the query builder outside of a repository",
    "modules/orders/domain/find.ts",
    `import { Kysely } from "kysely";`,
    "sql-outside-repository",
  ),
  one("a service asks for the database", service, `import { Database } from "framework";`, "sql-outside-repository"),
];

const framework: readonly Planting[] = [
  one("core imports a package", "src/core/call.ts", `import { z } from "zod";`, "core-imports"),
  one(
    "core imports another folder",
    "src/core/call.ts",
    `import type { open } from "../storage/database.js";`,
    "core-imports",
  ),
  one(
    "core imports a transport",
    "src/core/call.ts",
    `export { createTransport } from "../../transports/memory/transport.js";`,
    "core-imports",
  ),
  one(
    "a folder imports a lower row",
    "src/server/host.ts",
    `import type { load } from "../runtime/process.js";`,
    "rows",
  ),
  one(
    "a folder imports a sibling of its row",
    "src/server/host.ts",
    `import { client } from "../client/client.js";`,
    "rows",
  ),
  one("somebody imports the package's face", "src/server/host.ts", `import { open } from "../index.js";`, "rows"),
  {
    what: "somebody uses the testing kit",
    files: {
      ...added("src/runtime/process.ts", `import { fake } from "../testing/fake.js";`),
      "src/testing/fake.ts": "export const fake = 1;",
    },
    found: ["src/runtime/process.ts: rows"],
  },
  one(
    "the framework imports a module",
    "src/runtime/process.ts",
    `export const it = import("../../modules/orders/module.js");`,
    "rows",
  ),
  one(
    "the framework imports a transport",
    "src/runtime/process.ts",
    `import { frame } from "../../transports/wire/frames.js";`,
    "rows",
  ),
  one("the framework imports itself by name", "src/runtime/process.ts", `import { open } from "framework";`, "rows"),
  one("a folder that is in no row", "src/magic/spell.ts", `export const spell = 1;`, "rows"),
  {
    what: "a package that two folders import",
    files: added("src/runtime/process.ts", `import type { Kysely } from "kysely";`),
    found: ["src/runtime/process.ts: package-owner", "src/storage/database.ts: package-owner"],
  },
  one(
    "a third folder imports a package that two may",
    "src/gateway/gateway.ts",
    `import { z } from "zod";`,
    "package-owner",
  ),
  one(
    "a transport found by name outside of the runtime",
    "src/gateway/gateway.ts",
    `export const load = (name: string) => import(name);`,
    "computed-import",
  ),
  one(
    "the shop's word in the framework's code",
    "src/server/host.ts",
    `export const ordersFirst = true;`,
    "shop-words",
  ),
  one("the shop's word in a message", "src/server/host.ts", `export const message = "ask users first";`, "shop-words"),
  one("an id of the shop", "src/server/host.ts", `export const keyOf = (row: any) => row.order_id;`, "shop-words"),
  one(
    "a table of the shop",
    "src/server/host.ts",
    "export const keyOf = (row: any) => `${row} of user-accounts`;",
    "shop-words",
  ),
  one("the shop's word in a transport", wire, `export const topic = "users/changed";`, "shop-words"),
  one("the shop's word in a file's name", "src/server/orders-host.ts", `export const limit = 1;`, "shop-words"),
];

const transports: readonly Planting[] = [
  one(
    "a transport imports the runtime",
    wire,
    `import { load } from "../../src/runtime/process.js";`,
    "transport-imports",
  ),
  one(
    "a transport imports another",
    wire,
    `import { createTransport as other } from "../memory/transport.js";`,
    "transport-imports",
  ),
  one(
    "a transport imports the package it belongs to",
    wire,
    `import { idOf as other } from "framework";`,
    "transport-imports",
  ),
  one("a transport imports a package of the framework's", wire, `import { z } from "zod";`, "transport-imports"),
  {
    what: "a transport imports another's client library",
    files: changed(wire, (text) => text.replace("wire-client", "emitter")),
    found: ["transports/memory/transport.ts: transport-imports", `${wire}: transport-imports`],
  },
  {
    what: "a transport with two client libraries",
    files: added(wire, `import { Pool } from "pool";`),
    found: [`${wire}: transport-imports`, `${wire}: transport-imports`],
  },
  {
    what: "a transport imports a client library that another one shares with discovery",
    files: added(wire, `import { Redis } from "ioredis";`),
    found: [`${wire}: transport-imports`, `${wire}: transport-imports`],
  },
  one(
    "a folder imports a client library that a transport shares with discovery",
    "src/server/host.ts",
    `import { Redis } from "ioredis";`,
    "package-owner",
  ),
  one(
    "a transport without transport.ts",
    "transports/pigeon/pigeon.ts",
    `export const createTransport = () => 1;`,
    "transport-files",
  ),
  one("a file beside the transports", "transports/shared.ts", `export const shared = 1;`, "transport-files"),
];

const placement: readonly Planting[] = [
  one("a module asks the environment", service, `export const region = () => process.env.REGION;`, "placement"),
  one("a module names an address", service, `export const where = "http://10.0.0.1/users";`, "placement"),
  one("a module names a broker", service, `export const where = "goes over Redis";`, "placement"),
  one("a module keeps a broker's address", service, `export const redisUrl = 1;`, "placement"),
  one("a module names a port", service, `export const at = { port: 3000 };`, "placement"),
  one("a module fetches", service, `export const load = () => fetch("/x");`, "placement"),
  one("an annotation of the edge outside of a contract", service, `export const edge = { http: {} };`, "placement"),
  one("a module imports the edge's library", service, `import { Router } from "express";`, "placement"),
  one("a module imports a transport's library", service, `import { Client } from "wire-client";`, "placement"),
  one("a module opens a server", service, `import { createServer } from "node:http";`, "placement"),
];

const files: readonly Planting[] = [
  {
    what: "a module without a service file",
    files: {
      "modules/reviews/contract.ts": "export const reviews = 1;",
      "modules/reviews/module.ts": "export default 1;",
    },
    found: ["modules/reviews/contract.ts: module-files"],
  },
  one(
    "a repository without migrations",
    "modules/orders/migrations.ts",
    "export const migrations = [1];",
    "module-files",
  ),
  one("a module's file with a name of its own", "modules/orders/pricing.ts", "export const price = 1;", "module-files"),
  one(
    "a module's folder with a name of its own",
    "modules/orders/controllers/orders.ts",
    "export const price = 1;",
    "module-files",
  ),
  one("a file beside the modules", "modules/shared.ts", "export const shared = 1;", "module-files"),
  one("a file called helpers", "src/server/host-helpers.ts", "export const help = 1;", "file-names"),
  one("a folder called common", "modules/orders/domain/common/money.ts", "export const money = 1;", "file-names"),
  one("a class of managers", "transports/wire/connection-manager.ts", "export const manage = 1;", "file-names"),
  one("a file in camel case", "src/server/hostPort.ts", "export const port = 1;", "file-names"),
  one("a file over 250 lines", "src/server/long.ts", "// one line\n".repeat(251), "file-length"),
  one("a variable at the top level", service, `let requests = 0;`, "module-state"),
  one("an exported variable at the top level", wire, `export var open = true;`, "module-state"),
  one("a cache at the top level", service, `const cache = new Map<string, number>();`, "module-state"),
  one(
    "an exported set that anybody may change",
    "src/server/host.ts",
    `export const names = new Set(["a"]);`,
    "module-state",
  ),
  one(
    "a list at the top level that is filled later",
    "src/server/host.ts",
    `const seen: string[] = [];`,
    "module-state",
  ),
  one("one object for everybody", "src/server/host.ts", `export const bus = new EventEmitter();`, "module-state"),
  one(
    "a static field that changes",
    "src/server/host.ts",
    `export class Counter {\n  static count = 0;\n}`,
    "module-state",
  ),
  {
    what: "two files that import each other",
    files: {
      ...added("src/server/host.ts", `import { drain } from "./drain.js";`),
      "src/server/drain.ts": `import { limit } from "./limit.js";\nexport const drain = limit;`,
      "src/server/limit.ts": `import { host } from "./host.js";\nexport const limit = host;`,
    },
    found: ["src/server/limit.ts:1: import-cycle"],
  },
];

/** A module that was added after these rules were written, and that no list anywhere names. */
const later = Object.fromEntries(
  Object.entries(minimalTree)
    .filter(([path]) => path.startsWith("modules/users/"))
    .map(([path, text]) => [
      path.replaceAll("users", "loyalty"),
      text.replaceAll("users", "loyalty").replaceAll("user_accounts", "points"),
    ]),
);
export const addedModule: Planting = { what: "a module that nobody listed", files: later, found: [] };

const addedLater: readonly Planting[] = [
  {
    what: "a module that nobody listed and that reads others' tables and internals",
    files: {
      ...later,
      "modules/loyalty/loyalty-repository.ts": `${later["modules/loyalty/loyalty-repository.ts"]}\nexport const q = (db: any) => db.deleteFrom("orders");`,
      "modules/loyalty/loyalty-service.ts": `${later["modules/loyalty/loyalty-service.ts"]}\nimport { limit as other } from "../orders/domain/limit.js";`,
    },
    found: [
      "modules/loyalty/loyalty-repository.ts: foreign-database",
      "modules/loyalty/loyalty-service.ts: module-internals",
    ],
  },
  {
    what: "the internals, the table and the name of a module that nobody listed",
    files: {
      ...later,
      ...added(service, `import { Service as Other } from "../loyalty/loyalty-service.js";`),
      ...added(repository, `export const q = (db: any) => db.selectFrom("points");`),
      ...added("src/server/host.ts", `export const loyaltyFirst = true;`),
    },
    found: [`${repository}: foreign-database`, `${service}: module-internals`, "src/server/host.ts: shop-words"],
  },
];

export const plantings: readonly Planting[] = [
  ...moduleImports,
  ...data,
  ...framework,
  ...transports,
  ...placement,
  ...files,
  ...addedLater,
];
