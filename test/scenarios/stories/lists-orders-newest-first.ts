import assert from "node:assert/strict";
import { everyPage } from "../pages.js";
import { type Order, unique } from "../shop.js";
import type { Story } from "../story.js";

/** A new order comes in front of the page where the reader stands: it must push nothing onto the next page again. */
export const story: Story = {
  title: "a user's orders come newest first in pages that neither repeat nor skip, and nobody else's among them",
  async run(shop) {
    const [customer, neighbour] = await Promise.all([shop.customer(), shop.customer()]);
    const product = await shop.product({ stock: 20 });
    await shop.order(neighbour, { products: [product] });
    const placed: Order[] = [];
    for (let n = 0; n < 5; n++) placed.push(await shop.order(customer, { products: [product], key: unique() }));

    const path = `/users/${customer.id}/orders`;
    let added = 0;
    const add = () => (added++ === 0 ? shop.order(customer, { products: [product] }) : Promise.resolve());
    const read = await everyPage<Order>(shop.as(customer), path, { limit: 2 }, add);
    assert.deepEqual(read, placed.toReversed());
    assert.equal((await shop.ordersOf(customer)).length, 6);
    const nobody = await shop.as({ id: "u_new" }).get("/users/u_new/orders").expect(200);
    assert.deepEqual(nobody.body, { items: [], nextCursor: null });
  },
};
