import assert from "node:assert/strict";
import type { Story } from "../story.js";

/** Cancelling is idempotent: a second time, or two at once, give back nothing more. */
export const story: Story = {
  title: "a confirmed order is cancelled once: its pieces come back once however often it is asked",
  async run(shop) {
    const customer = await shop.customer();
    const product = await shop.product({ stock: 6 });
    const order = await shop.order(customer, { products: [{ id: product.id, quantity: 4 }] });
    assert.equal(await shop.available(product), 2);
    const cancel = () => shop.as(customer).post(`/orders/${order.id}/cancel`);
    const answers = await Promise.all([cancel(), cancel()]);
    for (const answer of answers) {
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual(answer.body, { ...order, status: "cancelled" });
    }
    assert.equal(await shop.available(product), 6);
    assert.deepEqual((await cancel().expect(200)).body, { ...order, status: "cancelled" });
    assert.equal(await shop.available(product), 6);
    const found = await shop.as(customer).get(`/orders/${order.id}`).expect(200);
    assert.deepEqual(found.body, { ...order, status: "cancelled" });
    await shop.order(customer, { products: [{ id: product.id, quantity: 6 }] });
  },
};
