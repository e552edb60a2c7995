import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { auditSystem } from "../../src/cli/audit.js";
import { copyData } from "../../src/cli/data-copy.js";
import { loadTopology } from "../../src/runtime/load-topology.js";
import { testSystem, type TestSystem } from "../../src/testing/test-system.js";
import { newDatabase, postgresMissing } from "../setup/test-postgres.js";
import { eventually } from "./eventually.js";
import { projectFolder, shopModules } from "./layouts.js";
import { type Customer, type Order, type Product, Shop } from "./shop.js";

const onSqlite = join(projectFolder, "config/monolith.yaml");
const onPostgres = join(projectFolder, "test/scenarios/topologies/monolith-postgres.yaml");

describe.skipIf(postgresMissing !== undefined)("pangaea data copy", { timeout: 300_000 }, () => {
  let folder: string;
  let databaseUrl: string;
  let system: TestSystem | undefined;
  let customer: Customer;
  let product: Product;
  const placed: Order[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "data-copy-"));
    databaseUrl = await newDatabase();
  });
  afterEach(async () => {
    await stop();
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const start = async (file: string, dataDir: string): Promise<Shop> => {
    system = await testSystem({
      topology: await loadTopology(file),
      modules: await shopModules(),
      env: { DATABASE_URL: databaseUrl, DATA_DIR: join(folder, dataDir) },
    });
    return new Shop(system.url);
  };
  const stop = async () => {
    await system?.stop();
    system = undefined;
  };
  const copy = (from: string, to: string, dataDir: string) => printedBy(() => copyData({ from, to }), dataDir);
  const printedBy = async (command: () => Promise<number>, dataDir: string) => {
    vi.stubEnv("DATA_DIR", join(folder, dataDir));
    vi.stubEnv("DATABASE_URL", databaseUrl);
    const printed: string[] = [];
    vi.spyOn(process.stdout, "write").mockImplementation((text) => printed.push(String(text)) > 0);
    const code = await command();
    vi.restoreAllMocks();
    return { code, printed: printed.join("") };
  };
  const orderOneMore = async (shop: Shop) => {
    placed.unshift(await shop.order(customer, { products: [product] }));
    await eventually("every order is told, once", async () => {
      const { body } = await shop.as(customer).get(`/users/${customer.id}/notifications`).expect(200);
      const { items } = body as { items: object[] };
      return items.length === placed.length ? true : undefined;
    });
  };
  const expectEverything = async (shop: Shop) => {
    expect(await shop.ordersOf(customer)).toEqual(placed);
    expect(await shop.available(product)).toBe(10 - placed.length);
  };

  it("refuses while the system runs", async () => {
    const shop = await start(onSqlite, "one");
    customer = await shop.customer();
    product = await shop.product({ stock: 10 });
    await orderOneMore(shop);
    await orderOneMore(shop);
    await expect(copy(onSqlite, onPostgres, "one")).rejects.toThrow("belongs to a running process");
  });

  it("moves the shop with its orders to PostgreSQL, shows that nothing was lost, and the shop goes on there", async () => {
    const { code, printed } = await copy(onSqlite, onPostgres, "one");
    expect(printed).toMatch(/^orders +orders +2 +2 +[0-9a-f]{32} +same$/m);
    expect(printed).toMatch(/^orders +pangaea_saga +2 +2 +[0-9a-f]{32} +same$/m);
    expect(printed).toContain("of 6 modules: all the same");
    expect(code).toBe(0);
    // Somebody who was interrupted can go on: what is there already is compared.
    expect((await copy(onSqlite, onPostgres, "one")).printed).toBe(printed);
    const shop = await start(onPostgres, "none");
    await expectEverything(shop);
    await orderOneMore(shop);
    await expectEverything(shop);
    // Its books balance there too, also while it runs.
    const books = await printedBy(() => auditSystem({ topology: onPostgres, wait: 30_000 }), "none");
    expect(books.printed).toMatch(/confirmations = orders\.confirmations +balances at 3$/m);
    expect(books.code).toBe(0);
  });

  it("refuses a target that has other data already, and changes nothing of it", async () => {
    await expect(copy(onSqlite, onPostgres, "one")).rejects.toThrow("has other data already");
  });

  it("moves the shop back, and it goes on there", async () => {
    expect((await copy(onPostgres, onSqlite, "two")).code).toBe(0);
    const shop = await start(onSqlite, "two");
    await expectEverything(shop);
    await orderOneMore(shop);
    await expectEverything(shop);
  });

  it("names what is not there", async () => {
    await expect(copy(onSqlite, onPostgres, "nowhere")).rejects.toThrow("check DATA_DIR");
    await expect(copy(onSqlite, onSqlite, "two")).rejects.toThrow("in the same place");
  });
});
