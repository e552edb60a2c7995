import assert from "node:assert/strict";
import { everyPage } from "../pages.js";
import { type Product, storyProductDescription, unique } from "../shop.js";
import type { Story } from "../story.js";

/** The list grows between two pages, before and behind the place where the reader stands. */
export const story: Story = {
  title: "pages of products show each product once and in order, also while others are added",
  async run(shop) {
    const word = unique();
    const offer = (name: string) => shop.product({ name: `${name} ${word}` });
    // Two of a name: a cursor that knew only the name would skip or repeat one of them.
    const wanted = await Promise.all(["b", "c", "c", "d", "e", "f", "g"].map(offer));
    let added = 0;
    const add = () => (added++ === 0 ? Promise.all([offer("a"), offer("z")]) : Promise.resolve());
    const items = await everyPage<Product>(shop.anyone(), "/products", { query: word, limit: 2 }, add);

    const ids = items.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length, "a product came twice");
    for (const { id, name } of wanted) assert.ok(ids.includes(id), `${name} was skipped`);
    assert.deepEqual(
      items.map(({ name }) => name[0]),
      ["b", "c", "c", "d", "e", "f", "g", "z"],
    );
    for (const { id, name, price } of wanted) {
      const { available, ...shown } = items.find((item) => item.id === id)!;
      assert.deepEqual(shown, { id, name, description: storyProductDescription, price });
      assert.ok(available === 10 || available === null, `${available} pieces`);
    }
    const { body } = await shop.anyone().get("/products").query({ query: word, limit: 9 }).expect(200);
    assert.equal((body as { nextCursor: unknown }).nextCursor, null, "a page that holds all is the last");
  },
};
