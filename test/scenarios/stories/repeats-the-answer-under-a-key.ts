import assert from "node:assert/strict";
import { assertProblem } from "../problem.js";
import { type Order, unique } from "../shop.js";
import type { Story } from "../story.js";

/** A client that never got its answer asks again; it must not pay twice for that. */
export const story: Story = {
  title: "the same order under the same key is placed once and answered alike, a refusal too, even after a cancel",
  async run(shop) {
    const customer = await shop.customer();
    const product = await shop.product({ stock: 10 });
    const wish = { products: [{ id: product.id, quantity: 3 }], key: unique() };
    const first = await shop.ask(customer, wish);
    const again = await shop.ask(customer, wish);
    assert.equal(first.status, 201, first.text);
    assert.equal(again.status, 201, again.text);
    assert.deepEqual(again.body, first.body);
    assert.equal(await shop.available(product), 7);

    await shop
      .as(customer)
      .post(`/orders/${(first.body as Order).id}/cancel`)
      .expect(200);
    const late = await shop.ask(customer, wish);
    assert.equal(late.status, 201, late.text);
    assert.deepEqual(late.body, first.body);
    assert.equal(await shop.available(product), 10);

    const refused = { ...wish, token: "tok_declined", key: unique() };
    for (let attempt = 0; attempt < 3; attempt++) {
      const answer = await shop.ask(customer, refused);
      assertProblem(answer, { status: 402, code: "failed_precondition", reason: "PAYMENT_DECLINED" });
    }
    const orders = await shop.ordersOf(customer);
    assert.deepEqual(
      orders.map(({ status }) => status),
      ["rejected", "cancelled"],
    );
  },
};
