import assert from "node:assert/strict";
import { unique } from "../shop.js";
import type { Story } from "../story.js";

/** Newer clients send more than an older shop knows, and nobody may smuggle in a field that the shop decides. */
export const story: Story = {
  title: "fields that the API does not know are dropped, and none of them overrides what the shop decides",
  async run(shop) {
    const email = `${unique()}@example.org`;
    const body = `{"name":"Ada","email":"${email}","id":"u_mine","createdAt":"1999-01-01T00:00:00.000Z","admin":true,
      "__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}`;
    const created = await shop.newcomer().post("/users").type("application/json").send(body).expect(201);
    assert.deepEqual(Object.keys(created.body as object).toSorted(), ["createdAt", "email", "id", "name"]);
    const { id, createdAt } = created.body as { id: string; createdAt: string };
    assert.notEqual(id, "u_mine");
    assert.ok(!createdAt.startsWith("1999"), createdAt);

    const product = await shop.product();
    const ordered = await shop
      .as({ id })
      .post("/orders")
      .send({
        userId: id,
        items: [{ productId: product.id, quantity: 2, price: { currency: "EUR", amount: 1 } }],
        payment: { token: "tok_ok", approved: true },
        total: { currency: "EUR", amount: 1 },
        status: "cancelled",
      });
    assert.ok(ordered.status === 201 || ordered.status === 202, ordered.text);
    const order = await shop.settled({ id }, (ordered.body as { id: string }).id);
    assert.equal(order.status, "confirmed");
    assert.deepEqual(order.total, { currency: "EUR", amount: 2_000 });
    assert.deepEqual(order.items, [{ productId: product.id, quantity: 2, price: product.price }]);
    await shop.anyone().get("/products").query({ limit: 1, sort: "random" }).expect(200);
  },
};
