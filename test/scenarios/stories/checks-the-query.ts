import assert from "node:assert/strict";
import { assertViolations } from "../problem.js";
import type { Story } from "../story.js";

/** Text from an address has no type of its own; the contract gives it one. */
export const story: Story = {
  title: "a query value of the wrong type or out of range is refused with 400, and numbers are read as numbers",
  async run(shop) {
    const customer = await shop.customer();
    const lists = ["/products", `/users/${customer.id}/orders`, `/users/${customer.id}/notifications`];
    for (const path of lists) {
      for (const limit of ["abc", "", "0", "-1", "101", "1.5", "NaN", "Infinity"]) {
        assertViolations(await shop.as(customer).get(path).query({ limit }), "limit");
      }
      await shop.as(customer).get(path).query({ limit: "100" }).expect(200);
    }
    assertViolations(
      await shop
        .anyone()
        .get("/products")
        .query({ query: "x".repeat(201) }),
      "query",
    );
    const { body } = await shop.anyone().get("/products").query({ query: "2024", limit: "1" }).expect(200);
    assert.ok(Array.isArray((body as { items: unknown }).items), "digits are as good a search as any other text");
  },
};
