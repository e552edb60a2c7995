import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestSystem } from "../../src/testing/test-system.js";
import { eventually } from "./eventually.js";
import { assertProblem } from "./problem.js";
import { Shop } from "./shop.js";
import { twoProcesses } from "./two-processes.js";

describe("an overview of which a part is missing", () => {
  let system: TestSystem;
  let shop: Shop;
  beforeAll(async () => {
    system = await twoProcesses();
    shop = new Shop(system.url);
  });
  afterAll(() => system?.stop());

  /** Takes a module away for as long as `during` needs. */
  const without = async (module: string, process: string, during: () => Promise<void>) => {
    const runtime = system.processes.get(process)!;
    await runtime.stopModule(module);
    try {
      await during();
    } finally {
      await runtime.startModule(module);
    }
  };
  const overviewOf = (user: { id: string }) => shop.as(user).get(`/users/${user.id}/overview`);

  it("shows the rest without notifications, names them, and is whole again when they are back", async () => {
    const customer = await shop.customer();
    const order = await shop.order(customer, { products: [await shop.product()] });
    await without("notifications", "back", async () => {
      const { body } = await overviewOf(customer).expect(200);
      expect(body).toEqual({ user: customer, orders: [order], notifications: null, unavailable: ["notifications"] });
      const alone = await shop.as(customer).get(`/users/${customer.id}/notifications`);
      assertProblem(alone, { status: 503, code: "unavailable" });
      expect(alone.headers["retry-after"]).toBe("1");
    });
    const whole = await eventually("the overview is whole again", async () => {
      const { body } = await overviewOf(customer).expect(200);
      const { notifications } = body as { notifications: unknown[] };
      return notifications.length > 0 ? (body as object) : undefined;
    });
    expect(whole).toMatchObject({ user: customer, orders: [order], unavailable: [] });
  });

  it("confirms orders while nobody can be notified, and tells of them once, later", async () => {
    const customer = await shop.customer();
    const product = await shop.product();
    const placed: string[] = [];
    await without("notifications", "back", async () => {
      for (let n = 0; n < 3; n++) placed.push((await shop.order(customer, { products: [product] })).id);
    });
    const told = await eventually("all three are told", async () => {
      const { body } = await shop.as(customer).get(`/users/${customer.id}/notifications`).expect(200);
      const { items } = body as { items: { orderId: string }[] };
      return items.length >= 3 ? items.map(({ orderId }) => orderId) : undefined;
    });
    // Each order is a key of its own: between them there is no order.
    expect(told.toSorted()).toEqual(placed.toSorted());
  });

  it("shows the rest without orders, in the process where the overview is made too", async () => {
    const customer = await shop.customer();
    await without("orders", "edge", async () => {
      const { body } = await overviewOf(customer).expect(200);
      expect(body).toEqual({ user: customer, orders: null, notifications: [], unavailable: ["orders"] });
    });
  });

  it("shows products without saying how many there are while inventory is away", async () => {
    const product = await shop.product({ stock: 7 });
    await without("inventory", "edge", async () => {
      const { body } = await shop.anyone().get(`/products/${product.id}`).expect(200);
      expect(body).toMatchObject({ id: product.id, available: null });
    });
    expect(await shop.available(product)).toBe(7);
  });

  it("is an error without the user", async () => {
    const customer = await shop.customer();
    await without("users", "back", async () => {
      assertProblem(await overviewOf(customer), { status: 503, code: "unavailable" });
    });
    await overviewOf(customer).expect(200);
  });
});
