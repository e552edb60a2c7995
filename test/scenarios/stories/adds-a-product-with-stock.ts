import assert from "node:assert/strict";
import { storyProductDescription, unique } from "../shop.js";
import type { Story } from "../story.js";

/** The stock lives in another module: it must be set before the product's answer says so. */
export const story: Story = {
  title: "a new product can be seen and bought as soon as its answer has come",
  async run(shop) {
    const wish = {
      name: `Telescope ${unique()}`,
      description: storyProductDescription,
      price: { currency: "CHF", amount: 123_456 },
    };
    const created = await shop
      .staff()
      .post("/products")
      .send({ ...wish, stock: 3 })
      .expect(201);
    const { id, ...rest } = created.body as { id: string };
    assert.deepEqual(rest, { ...wish, available: 3 });
    assert.deepEqual(await shop.seen({ id }), { id, ...wish, available: 3 });

    const order = await shop.order(await shop.customer(), { products: [{ id, quantity: 3 }] });
    assert.deepEqual(order.total, { currency: "CHF", amount: 370_368 });
    const soldOut = await shop.product({ stock: 0 });
    assert.equal(await shop.available(soldOut), 0);
  },
};
