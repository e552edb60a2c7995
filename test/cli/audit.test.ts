import BetterSqlite from "better-sqlite3";
import { rm } from "node:fs/promises";
import { launch, type Launched } from "pangaea/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dataFolder } from "../../src/testing/data-folder.js";
import { Shop } from "../scenarios/shop.js";
import { root, runCli } from "./run-cli.js";

let dataDir: string;
let system: Launched;
beforeAll(async () => {
  dataDir = await dataFolder();
  system = await launch({ topology: "config/monolith.yaml", cwd: root, dataDir });
});
afterAll(async () => {
  await system.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const audit = (...args: string[]) => runCli(["audit", ...args], { env: { DATA_DIR: dataDir } });

/** Changes the shop's data behind its back. */
function tamper(module: string, statement: string): void {
  const database = new BetterSqlite(`${dataDir}/${module}.db`, { timeout: 5_000 });
  try {
    database.exec(statement);
  } finally {
    database.close();
  }
}

describe("pangaea audit", () => {
  it("says of a running shop that sold, given back and refused orders leave its books in balance", async () => {
    const shop = new Shop(system.url);
    const customer = await shop.customer();
    const product = await shop.product({ stock: 7 });
    const products = [{ id: product.id, quantity: 2 }];
    await shop.order(customer, { products });
    const { id } = await shop.order(customer, { products });
    await shop.as(customer).post(`/orders/${id}/cancel`).expect(200);
    await shop.ask(customer, { products, token: "tok_declined" });
    await shop.staff().post(`/products/${product.id}/stock`).send({ delta: 3 }).expect(200);

    const { code, stdout, stderr } = await audit("--wait", "30000");
    expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^inventory +supplied = available \+ reserved \+ sold +balances at \d+$/m);
    expect(stdout).toMatch(/^orders +sold = inventory\.sold +balances at 2$/m);
    expect(stdout).toMatch(/^orders +earned = payments\.captured +balances at 2000$/m);
    expect(stdout).toMatch(/^notifications +confirmations = orders\.confirmations +balances at 2$/m);
    expect(stdout).toContain("At rest: nothing is under way.");
  });

  it("fails with every difference, by figure and key, where a piece or a cent is gone", async () => {
    tamper("inventory", "update stock set available = available - 1 where product_id = 'p_lamp'");
    tamper("payments", "delete from payments where status = 'captured'");
    const { code, stdout } = await audit("--json", "--wait", "30000");
    const { equations } = JSON.parse(stdout) as { equations: { text: string; differences: unknown[] }[] };
    const wrong = equations.filter(({ differences }) => differences.length > 0);
    expect(code).toBe(1);
    expect(wrong).toEqual([
      expect.objectContaining({
        text: "supplied = available + reserved + sold",
        differences: [{ key: "p_lamp", left: 35, right: 34 }],
      }),
      expect.objectContaining({
        text: "earned = payments.captured",
        differences: [{ key: expect.stringMatching(/^u_.* EUR$/), left: 2000, right: 0 }],
      }),
    ]);
    expect((await audit()).stdout).toMatch(/^supplied = available \+ reserved \+ sold +p_lamp +35 +34$/m);
  });

  it("compares at rest only what several modules say together", async () => {
    tamper(
      "orders",
      `insert into pangaea_saga (name, id, version, state, phase, step, headers, created_at, updated_at)
        values ('place-order', 'o_open', 1, '{}', 'forward', 0, '{}', 0, 0)`,
    );
    const { code, stdout } = await audit();
    expect(code).toBe(1);
    expect(stdout).toMatch(/^orders +earned = payments\.captured +not compared$/m);
    expect(stdout).toContain("Not at rest: 1 saga and 0 events under way.");
    expect((await audit("--wait", "1")).code).toBe(1);
  });

  it("says where it looked for data that is not there", async () => {
    const { code, stderr } = await runCli(["audit"], { env: { DATA_DIR: `${dataDir}/nowhere` } });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(`${dataDir}/nowhere/`) });
  });
});
