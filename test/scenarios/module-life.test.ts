import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestSystem } from "../../src/testing/test-system.js";
import { payments } from "../../modules/payments/contract.js";
import { eventually } from "./eventually.js";
import { assertProblem } from "./problem.js";
import { type Order, Shop, unique } from "./shop.js";
import { twoProcesses } from "./two-processes.js";

describe("a module that is stopped and started while the others go on", () => {
  let system: TestSystem;
  let shop: Shop;
  beforeAll(async () => {
    system = await twoProcesses();
    shop = new Shop(system.url);
  });
  afterAll(() => system?.stop());

  const readiness = async () => (await shop.anyone().get("/readyz")).body as { waitingFor: { name: string }[] };

  for (const [module, process] of [
    ["users", "back"],
    ["catalog", "edge"],
  ] as const) {
    it(`is refused and named by /readyz while ${module} is away, and has kept everything when it is back`, async () => {
      const runtime = system.processes.get(process)!;
      const path =
        module === "users" ? `/users/${(await shop.customer()).id}` : `/products/${(await shop.product()).id}`;
      const before = await shop.anyone().get(path).expect(200);
      await runtime.stopModule(module);
      try {
        assertProblem(await shop.anyone().get(path), { status: 503, code: "unavailable" });
        expect((await readiness()).waitingFor.map(({ name }) => name)).toEqual([module]);
        await shop.anyone().get("/healthz").expect(200);
      } finally {
        await runtime.startModule(module);
      }
      expect((await shop.anyone().get(path).expect(200)).body).toEqual(before.body);
      expect((await readiness()).waitingFor).toEqual([]);
    });
  }

  it("answers the call in flight before it stops, and refuses the next one meanwhile", async () => {
    const runtime = system.processes.get("edge")!;
    const customer = await shop.customer();
    const product = await shop.product({ stock: 5 });
    const inFlight = shop.send(customer, { products: [product], token: "tok_slow" });
    await eventually("the order is written", async () => (await shop.ordersOf(customer))[0]);
    const stopping = runtime.stopModule("orders");
    try {
      assertProblem(await shop.send(customer, { products: [product] }), { status: 503, code: "unavailable" });
      const answer = await inFlight;
      expect([answer.status, (answer.body as Order).status]).toEqual([202, "pending"]);
      await stopping;
    } finally {
      await runtime.startModule("orders");
    }
    const { id } = (await inFlight).body as Order;
    expect((await shop.settled(customer, id)).status, "its saga goes on").toBe("confirmed");
    expect(await shop.available(product)).toBe(4);
    expect((await shop.ordersOf(customer)).map((order) => order.id)).toEqual([id]);
  });

  it("holds up an order while payments is away, and the order is charged once when it is back", async () => {
    const runtime = system.processes.get("back")!;
    const customer = await shop.customer();
    const product = await shop.product({ stock: 5, amount: 700 });
    const wish = { products: [{ id: product.id, quantity: 2 }], key: unique() };
    await runtime.stopModule("payments");
    let waiting;
    try {
      waiting = await shop.send(customer, wish);
      expect(waiting.status, waiting.text).toBe(202);
    } finally {
      await runtime.startModule("payments");
    }
    const { id } = waiting.body as Order;
    expect((await shop.settled(customer, id)).status).toBe("confirmed");
    const book = system.client(payments);
    const charged = await book.get({ orderId: id }, system.context());
    expect(charged).toEqual({ orderId: id, status: "captured", amount: { currency: "EUR", amount: 1_400 } });
    expect(((await shop.ask(customer, wish)).body as Order).id).toBe(id);
    expect(await shop.available(product)).toBe(3);

    await shop.as(customer).post(`/orders/${id}/cancel`).expect(200);
    expect((await book.get({ orderId: id }, system.context())).status).toBe("refunded");
    expect(await shop.available(product)).toBe(5);
  });
});
