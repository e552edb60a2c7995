import { assertProblem } from "../problem.js";
import type { Story } from "../story.js";

/** What the contracts do not declare is not there, also what only modules may call of each other. */
export const story: Story = {
  title: "an address that the API does not have is answered with 404, an unreadable one with 400",
  async run(shop) {
    const missing = { status: 404, code: "not_found" };
    const agent = shop.anyone();
    for (const path of [
      "/",
      "/nowhere",
      "/users",
      "/orders",
      "/admin",
      "/metrics",
      "/payments.charge",
      "/products/a/b",
    ]) {
      assertProblem(await agent.get(path), missing);
    }
    assertProblem(await agent.post("/inventory/reserve").send({ orderId: "o", items: [] }), missing);
    assertProblem(await agent.post("/payments/charge").send({}), missing);
    assertProblem(await agent.delete("/products/p_mug"), missing);
    assertProblem(await agent.put("/users/u_1").send({ name: "x" }), missing);
    assertProblem(await agent.get("/users/%E0%A4%A"), { status: 400, code: "invalid_argument" });
  },
};
