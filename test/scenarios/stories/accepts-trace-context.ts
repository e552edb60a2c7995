import assert from "node:assert/strict";
import type { Product } from "../shop.js";
import type { Story } from "../story.js";

const headers = [
  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  "00-00000000000000000000000000000000-0000000000000000-00",
  "nonsense",
  "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-future",
];

/** Callers are traced or not, well or badly: the answer is the same. */
export const story: Story = {
  title: "a traceparent is accepted, and a broken one harms no request",
  async run(shop) {
    const product = await shop.product();
    const customer = await shop.customer();
    for (const traceparent of headers) {
      const shown = await shop.anyone().get(`/products/${product.id}`).set("traceparent", traceparent).expect(200);
      assert.equal((shown.body as Product).id, product.id);
      const ordered = await shop
        .as(customer)
        .post("/orders")
        .set("traceparent", traceparent)
        .set("tracestate", "vendor=1")
        .send({
          userId: customer.id,
          items: [{ productId: product.id, quantity: 1 }],
          payment: { token: "tok_ok" },
        });
      assert.ok(ordered.status === 201 || ordered.status === 202, ordered.text);
    }
  },
};
