import assert from "node:assert/strict";
import { assertViolations } from "../problem.js";
import type { Story } from "../story.js";

const price = { currency: "EUR", amount: 100 };

/** What is wrong is said by field, all of it at once. */
export const story: Story = {
  title: "a body with wrong fields is refused with 400 and every wrong field by its name",
  async run(shop) {
    const customer = await shop.customer();
    const product = await shop.product();
    const post = (path: string, body: object) => shop.as(customer).post(path).send(body);
    assertViolations(await post("/users", {}), "name", "email");
    assertViolations(await shop.as(customer).post("/users"), "name", "email");
    assertViolations(await post("/users", { name: "", email: "not an address" }), "name", "email");
    assertViolations(await post("/users", { name: 7, email: null }), "name", "email");
    const wrongProduct = { name: "x", description: "", price: { currency: "euro", amount: 1.5 }, stock: -1 };
    assertViolations(await post("/products", wrongProduct), "price.currency", "price.amount", "stock");
    assertViolations(await post("/products", { name: "x", description: "", price, stock: "3" }), "stock");
    assertViolations(await post(`/products/${product.id}/stock`, { delta: "1" }), "delta");

    const order = { userId: customer.id, payment: { token: "tok_ok" } };
    const line = { productId: product.id, quantity: 1 };
    assertViolations(await post("/orders", { ...order, items: [] }), "items");
    assertViolations(await post("/orders", { ...order, items: Array.from({ length: 51 }, () => line) }), "items");
    const items = [line, { ...line, quantity: 0 }, { quantity: 1 }];
    assertViolations(await post("/orders", { ...order, items }), "items[1].quantity", "items[2].productId");
    assertViolations(await post("/orders", { items: [line] }), "userId", "payment");
    assertViolations(await shop.anyone().get(`/products/${"p".repeat(101)}`), "id");
    assert.equal(await shop.available(product), 10);
  },
};
