import assert from "node:assert/strict";
import { assertProblem } from "../problem.js";
import { unique } from "../shop.js";
import type { Story } from "../story.js";

const taken = { status: 409, code: "already_exists", reason: "EMAIL_TAKEN" };

/** Uniqueness holds in one after another and in a race. */
export const story: Story = {
  title: "an email address belongs to one user, in any letter case and when several want it at once",
  async run(shop) {
    const email = `${unique()}@example.org`;
    const register = (address: string) => shop.newcomer().post("/users").send({ name: "Ada", email: address });
    await register(email).expect(201);
    assertProblem(await register(email), taken);
    assertProblem(await register(email.toUpperCase()), taken);

    const wanted = `${unique()}@example.org`;
    const answers = await Promise.all(Array.from({ length: 6 }, () => register(wanted)));
    const [first, ...others] = answers.toSorted((a, b) => a.status - b.status);
    assert.equal(first!.status, 201, first!.text);
    for (const other of others) assertProblem(other, taken);
  },
};
