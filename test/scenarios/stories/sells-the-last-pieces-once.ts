import assert from "node:assert/strict";
import { assertProblem } from "../problem.js";
import type { Order, Shop } from "../shop.js";
import type { Story } from "../story.js";

const pieces = 5;
const buyers = 20;

async function buy(shop: Shop, product: { readonly id: string }): Promise<"sold" | "out-of-stock"> {
  const customer = await shop.customer();
  const response = await shop.ask(customer, { products: [product] });
  if (response.status !== 201) {
    assertProblem(response, { status: 409, code: "failed_precondition", reason: "OUT_OF_STOCK" });
    return "out-of-stock";
  }
  const { id } = response.body as Order;
  assert.equal((await shop.settled(customer, id)).status, "confirmed");
  return "sold";
}

/** The race that every shop loses at least once. */
export const story: Story = {
  title: `of ${buyers} buyers who want the last ${pieces} pieces at once exactly ${pieces} get one`,
  async run(shop) {
    const product = await shop.product({ stock: pieces });
    const results = await Promise.all(Array.from({ length: buyers }, () => buy(shop, product)));
    assert.equal(results.filter((result) => result === "sold").length, pieces);
    assert.equal(await shop.available(product), 0);
  },
};
