import { defineSaga } from "pangaea";
import { z } from "zod";
import { inventory } from "../../inventory/contract.js";
import { Money, payments } from "../../payments/contract.js";
import { OrderEndings } from "./order-endings.js";

const State = z.object({
  orderId: z.string(),
  userId: z.string(),
  items: z.array(z.object({ productId: z.string(), quantity: z.int() })),
  amount: Money,
  token: z.string(),
});

/** Brings a pending order to `confirmed`, or back out to `rejected`. Its id is the order's. */
export const placeOrder = defineSaga("place-order", 1, State)
  .requiring({ inventory, payments })
  .step("reserve", {
    run: ({ orderId, items }, clients, ctx) => clients.inventory.reserve({ orderId, items }, ctx),
    undo: ({ orderId }, clients, ctx) => clients.inventory.release({ orderId }, ctx),
  })
  .step("charge", {
    run: ({ orderId, userId, amount, token }, clients, ctx) =>
      clients.payments.charge({ orderId, userId, amount, token }, ctx),
    undo: ({ orderId }, clients, ctx) => clients.payments.refund({ orderId }, ctx),
  })
  .step("confirm", {
    run: ({ orderId }, clients, ctx) => clients.inventory.confirm({ orderId }, ctx),
    // The sale may have been made and its answer lost: then `release` alone would leave it sold.
    undo: ({ orderId }, clients, ctx) => clients.inventory.restock({ orderId }, ctx),
  })
  .onCompleted(OrderEndings, (endings, tx, state) => endings.confirm(tx, state))
  .onCompensated(OrderEndings, (endings, tx, state, failure) => endings.reject(tx, state, failure));
