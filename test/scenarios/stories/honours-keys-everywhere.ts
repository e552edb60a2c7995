import assert from "node:assert/strict";
import { assertProblem } from "../problem.js";
import { storyProductDescription, unique } from "../shop.js";
import type { Story } from "../story.js";

/** Every request that makes something takes a key, not only orders. */
export const story: Story = {
  title: "users, products and stock take a key too: the repeat changes nothing and answers alike",
  async run(shop) {
    const send = (path: string, key: string, body: object) =>
      shop.staff().post(path).set("Idempotency-Key", key).send(body);
    const key = unique();
    const user = { name: "Ada", email: `${unique()}@example.org` };
    const registered = await send("/users", key, user).expect(201);
    assert.deepEqual((await send("/users", key, user).expect(201)).body, registered.body);
    const other = await send("/users", key, { ...user, name: "Eve" });
    assertProblem(other, { status: 422, code: "failed_precondition", reason: "IDEMPOTENCY_KEY_REUSED" });

    const lot = {
      name: `Lot ${key}`,
      description: storyProductDescription,
      price: { currency: "EUR", amount: 1 },
      stock: 4,
    };
    const offered = await send("/products", key, lot).expect(201);
    assert.deepEqual((await send("/products", key, lot).expect(201)).body, offered.body);
    const listed = await shop.anyone().get("/products").query({ query: key }).expect(200);
    const { id } = offered.body as { id: string };
    assert.deepEqual(
      (listed.body as { items: { id: string }[] }).items.map((item) => item.id),
      [id],
    );
    const adjusted = await send(`/products/${id}/stock`, key, { delta: 3 }).expect(200);
    assert.deepEqual((await send(`/products/${id}/stock`, key, { delta: 3 }).expect(200)).body, adjusted.body);
    assert.equal(await shop.available({ id }), 7);
  },
};
