import assert from "node:assert/strict";
import type { Order } from "../shop.js";
import type { Story } from "../story.js";

/** The card processor needs longer than a request may wait. */
export const story: Story = {
  title: "an order with a slow payment is answered with 202 and a place to look, and is confirmed there later",
  async run(shop) {
    const customer = await shop.customer();
    const product = await shop.product({ stock: 5 });
    const wish = { products: [{ id: product.id, quantity: 2 }], token: "tok_slow", key: `slow-${product.id}` };
    const response = await shop.send(customer, wish);
    assert.equal(response.status, 202, response.text);
    const pending = response.body as Order;
    assert.equal(pending.status, "pending");
    assert.equal(response.headers.location, `/orders/${pending.id}`);
    assert.equal(await shop.available(product), 3);
    await shop.settled(customer, pending.id);
    const found = await shop.as(customer).get(`/orders/${pending.id}`).expect(200);
    assert.deepEqual(found.body, { ...pending, status: "confirmed" });
    assert.equal(await shop.available(product), 3);
    const repeated = await shop.send(customer, wish);
    assert.equal(repeated.status, 201, repeated.text);
    assert.deepEqual(repeated.body, found.body);
  },
};
