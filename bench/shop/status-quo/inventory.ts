import { stock as tables } from "../../../modules/inventory/migrations/0001-stock.js";
import { createService, id, list, object, Refusal, run } from "./service.js";
import { type Db, once, openStore } from "./store.js";

interface Item {
  readonly productId: string;
  readonly quantity: number;
}
type Order = { Params: { orderId: string }; Headers: { "idempotency-key": string } };

const quantity = { type: "integer", minimum: 1 };
const reservation = object({ orderId: { type: "string" }, state: { type: "string" } });
const headers = { type: "object", properties: { "idempotency-key": id }, required: ["idempotency-key"] };
const order = { params: object({ orderId: id }), headers, response: { 200: reservation } };
const file = await openStore("inventory", tables.up);
const app = createService();

const stateOf = async (db: Db, orderId: string): Promise<string | undefined> =>
  (await db.selectFrom("reservations").select("state").where("order_id", "=", orderId).executeTakeFirst())?.state;

async function setState(db: Db, orderId: string, state: string): Promise<void> {
  await db
    .insertInto("reservations")
    .values({ order_id: orderId, state })
    .onConflict((conflict) => conflict.column("order_id").doUpdateSet({ state }))
    .execute();
}

async function add(db: Db, productId: string, delta: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("stock")
    .set((eb) => ({ available: eb("available", "+", delta) }))
    .where("product_id", "=", productId)
    .where((eb) => eb("available", "+", delta), ">=", 0)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

app.get<{ Querystring: { ids: string } }>(
  "/levels",
  {
    schema: {
      querystring: object({ ids: { type: "string" } }),
      response: { 200: object({ levels: list(object({ productId: id, available: { type: "integer" } })) }) },
    },
  },
  async ({ query }) => ({
    levels: await file.read
      .selectFrom("stock")
      .select(["product_id as productId", "available"])
      .where("product_id", "in", query.ids.split(","))
      .execute(),
  }),
);

app.put<{ Params: { id: string }; Body: { quantity: number } }>(
  "/levels/:id",
  { schema: { params: object({ id }), body: object({ quantity: { type: "integer", minimum: 0 } }) } },
  async ({ params, body }) => {
    await file.write
      .insertInto("stock")
      .values({ product_id: params.id, available: body.quantity })
      .onConflict((conflict) => conflict.column("product_id").doUpdateSet({ available: body.quantity }))
      .execute();
    return {};
  },
);

app.post<Order & { Body: { items: Item[] } }>(
  "/reservations/:orderId",
  { schema: { ...order, body: object({ items: list(object({ productId: id, quantity }), 1) }) } },
  ({ params: { orderId }, body, headers: { "idempotency-key": key } }) =>
    once(file, { procedure: "reserve", key, input: [orderId, body] }, async (db) => {
      const state = await stateOf(db, orderId);
      if (state === "released") throw new Refusal(409, "RESERVATION_RELEASED", "The reservation was given back.");
      if (state !== undefined) return { orderId, state };
      await setState(db, orderId, "reserved");
      for (const item of body.items) {
        const taken = await add(db, item.productId, -item.quantity);
        if (!taken) throw new Refusal(409, "OUT_OF_STOCK", "There are not enough pieces of this product.");
        await db
          .insertInto("reservation_items")
          .values({ order_id: orderId, product_id: item.productId, quantity: item.quantity })
          .execute();
      }
      return { orderId, state: "reserved" };
    }),
);

app.post<Order>(
  "/reservations/:orderId/confirm",
  { schema: order },
  ({ params: { orderId }, headers: { "idempotency-key": key } }) =>
    once(file, { procedure: "confirm", key, input: orderId }, async (db) => {
      const state = await stateOf(db, orderId);
      if (state === undefined || state === "released") throw new Refusal(409, "NOT_RESERVED", "Nothing is reserved.");
      await setState(db, orderId, "sold");
      return { orderId, state: "sold" };
    }),
);

app.post<Order>(
  "/reservations/:orderId/release",
  { schema: order },
  ({ params: { orderId }, headers: { "idempotency-key": key } }) =>
    once(file, { procedure: "release", key, input: orderId }, async (db) => {
      const state = await stateOf(db, orderId);
      if (state === "reserved" || state === "sold") {
        const items = db.selectFrom("reservation_items").selectAll().where("order_id", "=", orderId);
        for (const item of await items.execute()) await add(db, item.product_id, item.quantity);
      }
      await setState(db, orderId, "released");
      return { orderId, state: "released" };
    }),
);

await run(app, () => file.close());
