import assert from "node:assert/strict";
import { storyProductDescription, unique } from "../shop.js";
import type { Story } from "../story.js";

const names = [
  "Zoë Ångström",
  "Łucja Żółć",
  "李雷",
  "محمد",
  "👩‍🚀 crew 🦊",
  "e\u0301 is not \u00e9",
  'O\'Brien "\\" <b>&amp;</b>',
];

/** Bytes, characters and code units differ: every codec on the way has to get it right. */
export const story: Story = {
  title: "names with accents, other scripts, emoji and quotes come back exactly as they were given",
  async run(shop) {
    await Promise.all(
      names.map(async (name) => {
        const customer = await shop.customer(name);
        const found = await shop.as(customer).get(`/users/${customer.id}`).expect(200);
        assert.equal((found.body as { name: string }).name, name);

        const product = await shop.product({ name: `${name} ${unique()}` });
        assert.deepEqual(await shop.seen(product), { ...product, description: storyProductDescription });
      }),
    );
  },
};
