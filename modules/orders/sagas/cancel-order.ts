import { defineSaga } from "pangaea";
import { z } from "zod";
import { inventory } from "../../inventory/contract.js";
import { payments } from "../../payments/contract.js";
import { OrderEndings } from "./order-endings.js";

/** Gives back the money and the items of a confirmed order. Its id is the order's, so an order is cancelled once. */
export const cancelOrder = defineSaga("cancel-order", 1, z.object({ orderId: z.string(), userId: z.string() }))
  .requiring({ inventory, payments })
  .step("refund", {
    run: ({ orderId }, clients, ctx) => clients.payments.refund({ orderId }, ctx),
  })
  .step("restock", {
    run: ({ orderId }, clients, ctx) => clients.inventory.restock({ orderId }, ctx),
  })
  .onCompleted(OrderEndings, (endings, tx, state) => endings.cancel(tx, state));
