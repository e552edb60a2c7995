import assert from "node:assert/strict";
import { assertProblem } from "../problem.js";
import type { Story } from "../story.js";

const declined = { status: 402, code: "failed_precondition", reason: "PAYMENT_DECLINED" };

/** The stock was set aside before the card was asked: it has to come back. */
export const story: Story = {
  title: "a declined payment rejects the order and gives its pieces back before it is answered",
  async run(shop) {
    const customer = await shop.customer();
    const product = await shop.product({ stock: 2 });
    const refused = await shop.ask(customer, { products: [{ id: product.id, quantity: 2 }], token: "tok_declined" });
    assertProblem(refused, declined);
    assert.equal(await shop.available(product), 2);
    assertProblem(await shop.ask(customer, { products: [product], token: "tok_that_nobody_knows" }), declined);
    assert.equal(await shop.available(product), 2);

    const orders = await shop.ordersOf(customer);
    assert.deepEqual(
      orders.map(({ status }) => status),
      ["rejected", "rejected"],
    );
    await shop.order(customer, { products: [{ id: product.id, quantity: 2 }] });
  },
};
