import assert from "node:assert/strict";
import { assertProblem } from "../problem.js";
import type { Story } from "../story.js";

/** The last of three items is the one that is missing, so the others were within reach. */
export const story: Story = {
  title: "an order of which one item is missing takes nothing of any item",
  async run(shop) {
    const customer = await shop.customer();
    const [plenty, enough, scarce] = await Promise.all([
      shop.product({ stock: 50 }),
      shop.product({ stock: 2 }),
      shop.product({ stock: 1 }),
    ]);
    const products = [
      { id: plenty.id, quantity: 5 },
      { id: enough.id, quantity: 2 },
      { id: scarce.id, quantity: 2 },
    ];
    const response = await shop.ask(customer, { products });
    const problem = assertProblem(response, { status: 409, code: "failed_precondition", reason: "OUT_OF_STOCK" });
    assert.deepEqual(problem.details, { productId: scarce.id });
    assert.deepEqual(await Promise.all([plenty, enough, scarce].map((product) => shop.available(product))), [50, 2, 1]);
    assert.deepEqual(
      (await shop.ordersOf(customer)).map(({ status }) => status),
      ["rejected"],
    );
    await shop.order(customer, { products: [{ id: plenty.id, quantity: 50 }, enough, scarce] });
  },
};
