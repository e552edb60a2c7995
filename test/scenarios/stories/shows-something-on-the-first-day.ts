import assert from "node:assert/strict";
import { eventually } from "../eventually.js";
import { everyPage } from "../pages.js";
import { storyProductDescription } from "../shop.js";
import type { Story } from "../story.js";

interface Listed {
  readonly description: string;
  readonly available: number;
}

/** Catalogue and inventory start in any order: the stock of the first products comes when both are there. */
export const story: Story = {
  title: "a new shop has at least twelve products of its own with stock",
  async run(shop) {
    await eventually("the first products have stock", async () => {
      const products = await everyPage<Listed>(shop.anyone(), "/products", { limit: 100 });
      const own = products.filter(({ description }) => description !== storyProductDescription);
      assert.ok(own.length >= 12, `${own.length} products`);
      return own.filter(({ available }) => available > 0).length >= 12 ? own : undefined;
    });
  },
};
