import { randomUUID } from "node:crypto";
import { notifications as tables } from "../../../modules/notifications/migrations/0001-notifications.js";
import { createService, id, object, run } from "./service.js";
import { commit, openStore } from "./store.js";

interface OrderEvent {
  readonly id: string;
  readonly name: string;
  readonly orderId: string;
  readonly userId: string;
}

const file = await openStore("notifications", tables.up);
const app = createService();

app.post<{ Body: OrderEvent }>(
  "/order-events",
  {
    schema: {
      body: object({ id, name: id, orderId: id, userId: id }),
      response: { 200: object({ handled: { type: "boolean" } }) },
    },
  },
  ({ body }) =>
    commit(file, async (db) => {
      const entry = { method: `orders.${body.name}`, event_id: body.id, handled_at: Date.now() };
      const { numInsertedOrUpdatedRows } = await db
        .insertInto("pangaea_inbox")
        .values(entry)
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows === 0n) return { handled: false };
      await db
        .insertInto("notifications")
        .values({
          id: `n_${randomUUID()}`,
          user_id: body.userId,
          kind: `order-${body.name}`,
          order_id: body.orderId,
          created_at: new Date().toISOString(),
        })
        .onConflict((conflict) => conflict.columns(["order_id", "kind"]).doNothing())
        .execute();
      return { handled: true };
    }),
);

await run(app, () => file.close());
