import assert from "node:assert/strict";
import { eventually } from "../eventually.js";
import type { Customer, Order, Shop } from "../shop.js";
import type { Story } from "../story.js";

interface Told {
  readonly id: string;
  readonly kind: string;
  readonly orderId: string;
  readonly createdAt: string;
}

const toldTo = async (shop: Shop, customer: Customer): Promise<Told[]> => {
  const { body } = await shop.as(customer).get(`/users/${customer.id}/notifications`).expect(200);
  return (body as { items: Told[] }).items;
};

const toldOf = (shop: Shop, customer: Customer, order: Order, kind: string) =>
  eventually(`${kind} of ${order.id}`, async () => {
    const told = await toldTo(shop, customer);
    return told.some((one) => one.orderId === order.id && one.kind === kind) ? told : undefined;
  });

/**
 * Events are delivered in the order of their commits: once a later order's notification is there, a second one of an
 * earlier order would be there too. So nobody has to wait for something not to happen.
 */
export const story: Story = {
  title: "each confirmed and each cancelled order is told to its user exactly once, newest first",
  async run(shop) {
    const customer = await shop.customer();
    const product = await shop.product();
    assert.deepEqual(await toldTo(shop, customer), []);

    const first = await shop.order(customer, { products: [product] });
    const [only] = await toldOf(shop, customer, first, "order-confirmed");
    const { id, createdAt, ...rest } = only!;
    assert.deepEqual(rest, { kind: "order-confirmed", orderId: first.id });
    assert.match(id, /^\S+$/);
    assert.equal(new Date(createdAt).toISOString(), createdAt);

    const declined = await shop.ask(customer, { products: [product], token: "tok_declined" });
    assert.equal(declined.status, 402, declined.text);
    await shop.as(customer).post(`/orders/${first.id}/cancel`).expect(200);
    await toldOf(shop, customer, first, "order-cancelled");
    const second = await shop.order(customer, { products: [product] });
    const all = await toldOf(shop, customer, second, "order-confirmed");
    assert.deepEqual(
      all.map(({ kind, orderId }) => [kind, orderId]),
      [
        ["order-confirmed", second.id],
        ["order-cancelled", first.id],
        ["order-confirmed", first.id],
      ],
    );
    assert.equal(new Set(all.map((one) => one.id)).size, 3);
  },
};
