import assert from "node:assert/strict";
import { type Product, unique } from "../shop.js";
import type { Story } from "../story.js";

/** What a customer types is text, never a pattern. */
export const story: Story = {
  title: "a search finds text in name and description in any letter case and takes no character for a wildcard",
  async run(shop) {
    const word = unique();
    const found = async (query: string) => {
      const { body } = await shop.anyone().get("/products").query({ query }).expect(200);
      return (body as { items: Product[] }).items.map(({ id }) => id);
    };
    const percent = await shop.product({ name: `100% ${word}` });
    const umlaut = await shop.product({ name: `Ärmel_${word}` });
    const { body } = await shop
      .staff()
      .post("/products")
      .send({ name: "Plain", description: `For ${word}X only`, price: { currency: "EUR", amount: 5 }, stock: 0 })
      .expect(201);
    const described = body as Product;

    assert.deepEqual(await found(`ärmel_${word.toUpperCase()}`), [umlaut.id]);
    assert.deepEqual(await found(`100% ${word}`), [percent.id]);
    assert.deepEqual(await found(`%${word}`), []);
    assert.deepEqual(await found(`_${word}`), [umlaut.id]);
    assert.deepEqual(await found(`FOR ${word}x`), [described.id]);
    assert.deepEqual((await found(word)).toSorted(), [percent.id, umlaut.id, described.id].toSorted());
    assert.deepEqual(await found(`${word}' OR '1'='1`), []);
  },
};
