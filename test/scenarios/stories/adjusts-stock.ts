import assert from "node:assert/strict";
import { assertProblem } from "../problem.js";
import type { Story } from "../story.js";

/** Stock is a sum of changes, and never a debt. */
export const story: Story = {
  title: "stock goes up and down by what is said and never below zero",
  async run(shop) {
    const { id } = await shop.product({ stock: 5 });
    const adjust = (delta: number) => shop.staff().post(`/products/${id}/stock`).send({ delta });
    assert.deepEqual((await adjust(4).expect(200)).body, { productId: id, available: 9 });
    assert.deepEqual((await adjust(-8).expect(200)).body, { productId: id, available: 1 });
    assertProblem(await adjust(-2), { status: 409, code: "failed_precondition", reason: "OUT_OF_STOCK" });
    assert.equal(await shop.available({ id }), 1);
    assert.deepEqual((await adjust(-1).expect(200)).body, { productId: id, available: 0 });

    const answers = await Promise.all(Array.from({ length: 8 }, () => adjust(2)));
    assert.deepEqual(
      answers.map(({ status, body }) => [status, (body as { available: number }).available]).toSorted(byAvailable),
      [2, 4, 6, 8, 10, 12, 14, 16].map((available) => [200, available]),
    );
    assert.equal(await shop.available({ id }), 16);
  },
};

const byAvailable = (a: (number | undefined)[], b: (number | undefined)[]): number => a[1]! - b[1]!;
