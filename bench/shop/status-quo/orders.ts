import { randomUUID } from "node:crypto";
import { insertSaga } from "../../../src/storage/framework-rows.js";
import { orders as tables } from "../../../modules/orders/migrations/0001-orders.js";
import type { Product } from "./catalog.js";
import { peer } from "./peer.js";
import { PlaceOrder, type Progress, sagaName } from "./place-order.js";
import { Relay } from "./relay.js";
import { createService, id, list, money, object, Refusal, run } from "./service.js";
import { commit, once, openStore } from "./store.js";

interface Place {
  readonly userId: string;
  readonly items: { readonly productId: string; readonly quantity: number }[];
  readonly payment: { readonly token: string };
}

const patienceMs = 2_000;
const text = { type: "string" };
const quantity = { type: "integer", minimum: 1, maximum: 1_000 };
const item = object({ productId: text, quantity, price: money });
const order = object({ id: text, userId: text, status: text, items: list(item), total: money, createdAt: text });

const file = await openStore("orders", tables.up);
const [users, catalog, inventory, payments, notifications] = [
  peer("users"),
  peer("catalog"),
  peer("inventory"),
  peer("payments"),
  peer("notifications"),
];
const relay = new Relay(file, notifications);
const placeOrder = new PlaceOrder(file, inventory, payments, () => relay.wake());
const underWay = new Map<string, Promise<Refusal | undefined>>();
const app = createService();

function start(progress: Progress): Promise<Refusal | undefined> {
  const { orderId } = progress.state;
  const known = underWay.get(orderId);
  if (known !== undefined) return known;
  const running = placeOrder.run(progress).finally(() => underWay.delete(orderId));
  underWay.set(orderId, running);
  return running;
}

async function price({ userId, items }: Place, requestId: string) {
  const quantities = new Map<string, number>();
  for (const line of items) quantities.set(line.productId, (quantities.get(line.productId) ?? 0) + line.quantity);
  const ids = [...quantities.keys()].map(encodeURIComponent).join(",");
  const [, { products }] = await Promise.all([
    users.get(`/users/${encodeURIComponent(userId)}`, { requestId }),
    catalog.get<{ products: Product[] }>(`/products?ids=${ids}`, { requestId }),
  ]);
  const prices = new Map(products.map((product) => [product.id, product.price]));
  const priced = Array.from(quantities, ([productId, count]) => {
    const found = prices.get(productId);
    if (found === undefined) throw new Refusal(404, "PRODUCT_NOT_FOUND", "There is no such product.");
    return { productId, quantity: count, price: found };
  });
  const { currency } = priced[0]!.price;
  if (priced.some((line) => line.price.currency !== currency)) {
    throw new Refusal(400, "MIXED_CURRENCIES", "The prices of these products are in different currencies.");
  }
  const amount = priced.reduce((sum, line) => sum + line.price.amount * line.quantity, 0);
  return { priced, total: { currency, amount } };
}

app.post<{ Body: Place; Headers: { "idempotency-key"?: string } }>(
  "/orders",
  {
    schema: {
      body: object({
        userId: id,
        items: list(object({ productId: id, quantity }), 1, 50),
        payment: object({ token: { ...id, maxLength: 200 } }),
      }),
      response: { 200: order },
    },
  },
  async ({ id: requestId, body, headers }) => {
    const { userId, payment } = body;
    const { priced, total } = await price(body, requestId);
    const createdAt = Date.now();
    const placed = { userId, status: "pending", items: priced, total, createdAt: new Date(createdAt).toISOString() };
    const items = priced.map(({ productId, quantity: count }) => ({ productId, quantity: count }));
    const origin = { headers: { "x-request-id": requestId }, principal: undefined, createdAt };
    const insert = async (db: typeof file.write): Promise<string> => {
      const orderId = `o_${randomUUID()}`;
      await db
        .insertInto("orders")
        .values({ id: orderId, user_id: userId, status: "pending", ...total, created_at: placed.createdAt })
        .execute();
      const rows = priced.map((line, number) => ({
        order_id: orderId,
        line: number,
        product_id: line.productId,
        quantity: line.quantity,
        ...line.price,
      }));
      await db.insertInto("order_items").values(rows).execute();
      const state = { orderId, userId, items, amount: total, token: payment.token };
      await insertSaga(db, { saga: { name: sagaName, version: 1 } as never, id: orderId, state, origin });
      return orderId;
    };
    const key = headers["idempotency-key"];
    const orderId = await (key === undefined
      ? commit(file, insert)
      : once(file, { procedure: "place", key, input: body }, insert));
    const state = { orderId, userId, items, amount: total, token: payment.token };
    const refusal = start({ state, requestId, createdAt, phase: "forward", step: 0 });
    let timer: NodeJS.Timeout | undefined;
    const timeIsUp = new Promise<"pending">((resolve) => (timer = setTimeout(resolve, patienceMs, "pending")));
    const ended = await Promise.race([refusal, timeIsUp]);
    clearTimeout(timer);
    if (ended instanceof Refusal) throw ended;
    return { id: orderId, ...placed, status: ended ?? "confirmed" };
  },
);

await run(app, async () => {
  relay.stop();
  await Promise.all([users, catalog, inventory, payments, notifications].map((one) => one.close()));
  await file.close();
});

const open = file.write.selectFrom("pangaea_saga").selectAll().where("phase", "in", ["forward", "undo"]);
for (const row of await open.execute()) {
  const requestId = JSON.parse(row.headers)["x-request-id"];
  const { phase, step } = row;
  void start({ state: JSON.parse(row.state), requestId, createdAt: row.created_at, phase, step });
}
relay.wake();
