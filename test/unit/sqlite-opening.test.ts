import { mkdtempSync, rmSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, expect, it } from "vitest";
import { openSqlite } from "../../src/storage/sqlite.js";

const folder = mkdtempSync(join(tmpdir(), "sqlite-opening-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Whoever had the file before: it locks everybody out while it closes. */
const former = `
  const { workerData, parentPort } = require("node:worker_threads");
  const Sqlite = require("better-sqlite3");
  const database = new Sqlite(workerData);
  database.exec("create table t (a); begin exclusive; insert into t values (1)");
  parentPort.postMessage("locked");
  setTimeout(() => { database.exec("commit"); database.close(); }, 300);
`;

it("a file is opened as soon as whoever had it before lets go of it", async () => {
  const file = join(folder, "a.db");
  const worker = new Worker(former, { eval: true, workerData: file });
  await once(worker, "message");
  const backend = openSqlite(file);
  expect(backend.place).toBe(file);
  await backend.close();
  await once(worker, "exit");
});
