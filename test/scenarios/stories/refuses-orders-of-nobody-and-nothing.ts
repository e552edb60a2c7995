import assert from "node:assert/strict";
import { assertProblem } from "../problem.js";
import type { Story } from "../story.js";

/** Both are checked before anything is written. */
export const story: Story = {
  title: "an order by an unknown user or of an unknown product or in two currencies is refused and leaves no trace",
  async run(shop) {
    const customer = await shop.customer();
    const product = await shop.product({ stock: 3 });
    const nobody = await shop.ask({ id: "u_nobody" }, { products: [product] });
    assertProblem(nobody, { status: 404, code: "not_found", reason: "USER_NOT_FOUND" });
    const nothing = await shop.ask(customer, { products: [product, { id: "p_nothing" }] });
    const problem = assertProblem(nothing, { status: 404, code: "not_found", reason: "PRODUCT_NOT_FOUND" });
    assert.deepEqual(problem.details, { productId: "p_nothing" });
    const dollars = await shop.product({ currency: "USD" });
    const mixed = await shop.ask(customer, { products: [product, dollars] });
    assertProblem(mixed, { status: 400, code: "invalid_argument", reason: "MIXED_CURRENCIES" });

    assert.equal(await shop.available(product), 3);
    assert.deepEqual(await shop.ordersOf(customer), []);
  },
};
