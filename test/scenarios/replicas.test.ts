import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadTopology } from "../../src/runtime/load-topology.js";
import { type PostgresServer, startPostgresServer } from "../../src/testing/postgres-server.js";
import { testSystem, type TestSystem } from "../../src/testing/test-system.js";
import { newDatabase, postgresMissing } from "../setup/test-postgres.js";
import { eventually } from "./eventually.js";
import { projectFolder, shopModules } from "./layouts.js";
import { assertProblem } from "./problem.js";
import { type Order, Shop } from "./shop.js";

describe.skipIf(postgresMissing !== undefined)(
  "two replicas of the shop on one PostgreSQL",
  { timeout: 300_000 },
  () => {
    let server: PostgresServer;
    let databaseUrl: string;
    let first: TestSystem;
    let second: TestSystem;
    const start = async () =>
      testSystem({
        topology: await loadTopology(`${projectFolder}/test/scenarios/topologies/monolith-postgres.yaml`),
        modules: await shopModules(),
        env: { DATABASE_URL: databaseUrl },
      });
    beforeAll(async () => {
      server = await startPostgresServer();
      databaseUrl = await newDatabase(server.url);
      first = await start();
      second = await start();
    }, 300_000);
    afterAll(async () => {
      await Promise.all([first?.stop(), second?.stop()]);
      await server?.stop();
    });

    const notificationsOf = async (shop: Shop, user: { id: string }) =>
      ((await shop.as(user).get(`/users/${user.id}/notifications`).expect(200)).body as { items: object[] }).items;
    /** Places an order and waits until its customer has been told of it. */
    const orderTold = async (shop: Shop): Promise<[{ id: string }, Order]> => {
      const customer = await shop.customer();
      const order = await shop.order(customer, { products: [await shop.product()] });
      await eventually("the order is told", async () => (await notificationsOf(shop, customer))[0]);
      return [customer, order];
    };

    it("confirm orders and tell of them once, whichever replica was asked", async () => {
      const shops = [new Shop(first.url), new Shop(second.url)] as const;
      for (const [at, shop] of shops.entries()) {
        const [customer, order] = await orderTold(shop);
        const other = shops[1 - at]!;
        expect(await other.settled(customer, order.id)).toEqual(order);
        expect(await notificationsOf(other, customer)).toHaveLength(1);
      }
    });

    it("answer a repeated key alike, whichever replica is asked again", async () => {
      const [one, two] = [new Shop(first.url), new Shop(second.url)];
      const customer = await one.customer();
      const wish = { products: [await one.product()], key: `twice-${customer.id}` };
      const answers = await Promise.all([one.ask(customer, wish), two.ask(customer, wish)]);
      expect(answers.map(({ status }) => status)).toEqual([201, 201]);
      expect(answers[0].body).toEqual(answers[1].body);
      expect(await two.ordersOf(customer)).toHaveLength(1);
    });

    it("go on when the server was away, and say so meanwhile", async () => {
      const shop = new Shop(second.url);
      const customer = await shop.customer();
      await server.kill();
      assertProblem(await shop.anyone().get(`/users/${customer.id}`), { status: 503, code: "unavailable" });
      await server.restart();
      await eventually("the customer is there again", async () => {
        const { status } = await shop.anyone().get(`/users/${customer.id}`);
        return status === 200 ? true : undefined;
      });
      await orderTold(shop);
    });

    it("go on with one when the other has left", async () => {
      await first.stop();
      await orderTold(new Shop(second.url));
    });

    it("start without the server, name what waits for it, and begin when it is there", async () => {
      await server.kill();
      first = await start();
      const shop = new Shop(first.url);
      const waiting = (await shop.anyone().get("/readyz").expect(503)).body as { waitingFor: { name: string }[] };
      expect(waiting.waitingFor.map(({ name }) => name)).toContain("orders");
      expect(waiting.waitingFor).toContainEqual({ name: "users", reason: "The database cannot be reached." });
      assertProblem(await shop.anyone().get("/users/u_1"), { status: 503, code: "unavailable" });
      await server.restart();
      await eventually("everything is ready", async () => {
        const { status } = await shop.anyone().get("/readyz");
        return status === 200 ? true : undefined;
      });
      await orderTold(shop);
    });
  },
);
