import assert from "node:assert/strict";
import { eventually } from "../eventually.js";
import { assertProblem } from "../problem.js";
import type { Order } from "../shop.js";
import type { Story } from "../story.js";

const notCancellable = { status: 409, code: "failed_precondition", reason: "ORDER_NOT_CANCELLABLE" };

/** A pending order does not stay pending: who comes too late to see it that way takes another one. */
export const story: Story = {
  title: "an order that was rejected or is still pending cannot be cancelled",
  async run(shop) {
    const customer = await shop.customer();
    const product = await shop.product({ stock: 50 });
    const cancel = (id: string) => shop.as(customer).post(`/orders/${id}/cancel`);

    const pending = await eventually("an order is asked to be cancelled while it is pending", async () => {
      const { body } = await shop.send(customer, { products: [product], token: "tok_slow" });
      const { id } = body as Order;
      const answer = await cancel(id);
      if (answer.status === 200) return undefined;
      assert.deepEqual(assertProblem(answer, notCancellable).details, { status: "pending" });
      return id;
    });
    assert.equal((await shop.settled(customer, pending)).status, "confirmed");

    await shop.ask(customer, { products: [product], token: "tok_declined" });
    const rejected = (await shop.ordersOf(customer)).find(({ status }) => status === "rejected")!;
    assert.deepEqual(assertProblem(await cancel(rejected.id), notCancellable).details, { status: "rejected" });
    assert.equal((await shop.settled(customer, rejected.id)).status, "rejected");
  },
};
