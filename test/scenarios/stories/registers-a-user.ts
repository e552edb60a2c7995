import assert from "node:assert/strict";
import { unique } from "../shop.js";
import type { Story } from "../story.js";

/** The first thing that everybody does. */
export const story: Story = {
  title: "a new user gets an id and is found under it, with exactly the fields of the API",
  async run(shop) {
    const email = `${unique()}@example.org`;
    const before = Date.now() - 5_000;
    const created = await shop.newcomer().post("/users").send({ name: "Grace Hopper", email }).expect(201);
    assert.equal(created.type, "application/json");
    const { id, createdAt, ...rest } = created.body as { id: string; createdAt: string };
    assert.deepEqual(rest, { name: "Grace Hopper", email });
    assert.match(id, /^\S{1,100}$/);
    assert.equal(new Date(createdAt).toISOString(), createdAt);
    assert.ok(Date.parse(createdAt) > before, createdAt);

    const found = await shop.as({ id }).get(`/users/${id}`).expect(200);
    assert.deepEqual(found.body, created.body);
  },
};
