import assert from "node:assert/strict";
import { eventually } from "../eventually.js";
import type { Story } from "../story.js";

interface Overview {
  readonly notifications: readonly { readonly kind: string; readonly orderId: string }[];
  readonly unavailable: readonly string[];
}

/** One answer out of three services. A busy shop may leave a part out, and says so; then it is asked again. */
export const story: Story = {
  title: "an overview shows a user with orders and notifications in one answer",
  async run(shop) {
    const customer = await shop.customer();
    const overview = (notifications: number) =>
      eventually(`an overview with ${notifications} notifications`, async () => {
        const { body } = await shop.as(customer).get(`/users/${customer.id}/overview`).expect(200);
        const { unavailable, ...shown } = body as Overview;
        return unavailable.length === 0 && shown.notifications.length === notifications ? shown : undefined;
      });
    assert.deepEqual(await overview(0), { user: customer, orders: [], notifications: [] });

    const order = await shop.order(customer, { products: [await shop.product()] });
    const { notifications, ...rest } = await overview(1);
    assert.deepEqual(rest, { user: customer, orders: [order] });
    assert.deepEqual(
      notifications.map(({ kind, orderId }) => [kind, orderId]),
      [["order-confirmed", order.id]],
    );
    const told = await shop.as(customer).get(`/users/${customer.id}/notifications`).expect(200);
    assert.deepEqual(told.body, { items: notifications, nextCursor: null });
  },
};
