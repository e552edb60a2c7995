import assert from "node:assert/strict";
import { assertProblem } from "../problem.js";
import { unique } from "../shop.js";
import type { Story } from "../story.js";

/** What a person with a problem can tell the operator. */
export const story: Story = {
  title: "a request's own x-request-id is echoed, a missing or unusable one is replaced, and errors name it",
  async run(shop) {
    const get = (path: string) => shop.anyone().get(path);
    const id = `story-${unique()}`;
    const echoed = await get("/products").query({ limit: 1 }).set("x-request-id", id).expect(200);
    assert.equal(echoed.headers["x-request-id"], id);
    const [one, other] = await Promise.all([get("/healthz"), get("/healthz")]);
    assert.match(one.headers["x-request-id"]!, /^\S{8,}$/);
    assert.notEqual(one.headers["x-request-id"], other.headers["x-request-id"]);
    for (const unusable of ["two words", "x".repeat(65), "<script>"]) {
      const answer = await get("/healthz").set("x-request-id", unusable).expect(200);
      assert.notEqual(answer.headers["x-request-id"], unusable);
      assert.match(answer.headers["x-request-id"]!, /^\S{8,64}$/);
    }
    const failed = await get("/users/u_nobody").set("x-request-id", id);
    assertProblem(failed, { status: 404, code: "not_found", reason: "USER_NOT_FOUND" });
    assert.equal((failed.body as { requestId?: string }).requestId, id);
  },
};
