import assert from "node:assert/strict";
import type { Order } from "../shop.js";
import type { Story } from "../story.js";

/** The way that most orders go, through every module of the shop. */
export const story: Story = {
  title: "an order is confirmed with the prices of the day and their total, and its pieces are gone from the shelves",
  async run(shop) {
    const customer = await shop.customer();
    const [pen, ink] = await Promise.all([
      shop.product({ amount: 2_950, stock: 4 }),
      shop.product({ amount: 799, stock: 20 }),
    ]);
    // Two lines of one product count as one.
    const products = [
      { id: pen.id, quantity: 1 },
      { id: ink.id, quantity: 3 },
      { id: pen.id, quantity: 2 },
    ];
    const before = Date.now() - 5_000;
    const response = await shop.ask(customer, { products });
    assert.equal(response.status, 201, response.text);
    assert.equal(response.type, "application/json");
    assert.equal(response.headers.location, undefined);
    const { id, createdAt, ...rest } = response.body as Order;
    assert.deepEqual(rest, {
      userId: customer.id,
      status: "confirmed",
      items: [
        { productId: pen.id, quantity: 3, price: { currency: "EUR", amount: 2_950 } },
        { productId: ink.id, quantity: 3, price: { currency: "EUR", amount: 799 } },
      ],
      total: { currency: "EUR", amount: 11_247 },
    });
    assert.match(id, /^\S{1,100}$/);
    assert.equal(new Date(createdAt).toISOString(), createdAt);
    assert.ok(Date.parse(createdAt) > before, createdAt);

    const found = await shop.as(customer).get(`/orders/${id}`).expect(200);
    assert.deepEqual(found.body, response.body);
    assert.equal(await shop.available(pen), 1);
    assert.equal(await shop.available(ink), 17);
  },
};
