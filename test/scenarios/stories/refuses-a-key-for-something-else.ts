import assert from "node:assert/strict";
import { assertProblem } from "../problem.js";
import { type Order, unique } from "../shop.js";
import type { Story } from "../story.js";

const reused = { status: 422, code: "failed_precondition", reason: "IDEMPOTENCY_KEY_REUSED" };

/** A key names one request; another request under it is a mistake of the client that must not pass unseen. */
export const story: Story = {
  title: "a used key with another body is refused with 422, and another key places another order",
  async run(shop) {
    const customer = await shop.customer();
    const product = await shop.product({ stock: 10 });
    const key = unique();
    const first = await shop.order(customer, { products: [product], key });
    assertProblem(await shop.ask(customer, { products: [{ id: product.id, quantity: 2 }], key }), reused);
    assertProblem(await shop.ask(customer, { products: [product], token: "tok_slow", key }), reused);
    assert.equal(await shop.available(product), 9);
    const second = await shop.order(customer, { products: [product], key: unique() });
    const unkeyed = await shop.send(customer, { products: [product] });
    const third = await shop.settled(customer, (unkeyed.body as Order).id);
    assert.equal(new Set([first.id, second.id, third.id]).size, 3);
    assert.equal(await shop.available(product), 7);

    const strange = await shop.as(customer).post("/orders").set("Idempotency-Key", "x".repeat(201)).send({});
    assertProblem(strange, { status: 400, code: "invalid_argument" });
  },
};
