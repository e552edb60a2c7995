import assert from "node:assert/strict";
import { type Order, unique } from "../shop.js";
import type { Story } from "../story.js";

/** The repeat does not wait until the first is done. */
export const story: Story = {
  title: "the same order sent several times at once under one key is placed once, and all get its id",
  async run(shop) {
    const customer = await shop.customer();
    const product = await shop.product({ stock: 10 });
    const wish = { products: [{ id: product.id, quantity: 2 }], key: unique() };
    const answers = await Promise.all(Array.from({ length: 5 }, () => shop.send(customer, wish)));
    for (const answer of answers) assert.ok(answer.status === 201 || answer.status === 202, answer.text);
    const ids = new Set(answers.map(({ body }) => (body as Order).id));
    assert.equal(ids.size, 1);
    const order = await shop.settled(customer, [...ids][0]!);
    assert.equal(order.status, "confirmed");
    assert.equal(await shop.available(product), 8);
    assert.deepEqual(await shop.ordersOf(customer), [order]);
  },
};
