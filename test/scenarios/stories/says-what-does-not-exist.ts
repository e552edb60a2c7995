import assert from "node:assert/strict";
import { assertProblem } from "../problem.js";
import type { Story } from "../story.js";

const missing = (reason: string) => ({ status: 404, code: "not_found", reason });

/** Not found is a declared error of the owning module, whoever passes it on. */
export const story: Story = {
  title: "an id that nobody has is answered with 404 and a problem that says what is missing",
  async run(shop) {
    const nobody = { id: "u_nobody" };
    const user = shop.as(nobody);
    const problem = assertProblem(await user.get("/users/u_nobody"), missing("USER_NOT_FOUND"));
    assert.equal((problem as { title?: string }).title, "User not found");
    assertProblem(await user.get("/users/u_nobody/overview"), missing("USER_NOT_FOUND"));
    assertProblem(await user.get("/orders/o_nothing"), missing("ORDER_NOT_FOUND"));
    assertProblem(await user.post("/orders/o_nothing/cancel"), missing("ORDER_NOT_FOUND"));
    assertProblem(await shop.anyone().get("/products/p_nothing"), missing("PRODUCT_NOT_FOUND"));
    const adjusted = await shop.staff().post("/products/p_nothing/stock").send({ delta: 1 });
    assertProblem(adjusted, missing("PRODUCT_NOT_FOUND"));
  },
};
