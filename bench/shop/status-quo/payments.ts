import { payments as tables } from "../../../modules/payments/migrations/0001-payments.js";
import { createService, id, money, object, Refusal, run } from "./service.js";
import { once, openStore } from "./store.js";

interface Charge {
  readonly orderId: string;
  readonly userId: string;
  readonly amount: { readonly currency: string; readonly amount: number };
  readonly token: string;
}
type Keyed = { Headers: { "idempotency-key": string } };

const headers = { type: "object", properties: { "idempotency-key": id }, required: ["idempotency-key"] };
const payment = object({ orderId: { type: "string" }, status: { type: "string" } });
const file = await openStore("payments", tables.up);
const app = createService();

app.post<Keyed & { Body: Charge }>(
  "/charges",
  {
    schema: {
      headers,
      body: object({ orderId: id, userId: id, amount: money, token: id }),
      response: { 200: object({ orderId: { type: "string" }, status: { type: "string" }, amount: money }) },
    },
  },
  ({ body, headers: { "idempotency-key": key } }) =>
    once(file, { procedure: "charge", key, input: body }, async (db) => {
      const { orderId, userId, amount, token } = body;
      const row = await db.selectFrom("payments").select("status").where("order_id", "=", orderId).executeTakeFirst();
      if (row?.status === "captured") return { orderId, status: "captured", amount };
      if (row !== undefined) throw new Refusal(409, "PAYMENT_CLOSED", "This order was refunded.");
      if (token !== "tok_ok") throw new Refusal(402, "PAYMENT_DECLINED", "The card was declined.");
      await db
        .insertInto("payments")
        .values({
          order_id: orderId,
          status: "captured",
          user_id: userId,
          currency: amount.currency,
          amount: amount.amount,
          changed_at: new Date().toISOString(),
        })
        .execute();
      return { orderId, status: "captured", amount };
    }),
);

app.post<Keyed & { Params: { orderId: string } }>(
  "/charges/:orderId/refund",
  { schema: { headers, params: object({ orderId: id }), response: { 200: payment } } },
  ({ params: { orderId }, headers: { "idempotency-key": key } }) =>
    once(file, { procedure: "refund", key, input: orderId }, async (db) => {
      const row = await db.selectFrom("payments").select("status").where("order_id", "=", orderId).executeTakeFirst();
      const status = row === undefined || row.status === "voided" ? "voided" : "refunded";
      const changed_at = new Date().toISOString();
      await db
        .insertInto("payments")
        .values({ order_id: orderId, status, user_id: null, currency: null, amount: null, changed_at })
        .onConflict((conflict) => conflict.column("order_id").doUpdateSet({ status, changed_at }))
        .execute();
      return { orderId, status };
    }),
);

await run(app, () => file.close());
