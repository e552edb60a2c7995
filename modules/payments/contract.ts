import { type ClientOf, defineContract, idempotent, mutation, read } from "pangaea";
import { z } from "zod";

const id = z.string().min(1).max(100);

/** An amount in minor units (cents) of a currency, written as in ISO 4217. */
export const Money = z.object({ currency: z.string().regex(/^[A-Z]{3}$/), amount: z.int().min(0) });
export type Money = z.infer<typeof Money>;

/** What was taken for an order, and whether it was given back. */
export const Payment = z.object({ orderId: z.string(), status: z.enum(["captured", "refunded"]), amount: Money });
export type Payment = z.infer<typeof Payment>;

/**
 * Takes money for orders, once each. `refund` may come twice, or for an order that was never charged: it is a step of
 * sagas, and closes the order for charges that arrive later.
 */
export const payments = defineContract("payments", 1, {
  errors: {
    PAYMENT_DECLINED: { code: "failed_precondition", status: 402, message: "The card was declined." },
    PAYMENT_CLOSED: {
      code: "failed_precondition",
      status: 409,
      message: "This order was refunded; it cannot be charged any more.",
    },
    PAYMENT_NOT_FOUND: { code: "not_found", message: "Nothing was ever taken for this order." },
  },
  procedures: {
    charge: mutation({
      summary: "Takes the amount for an order from a card.",
      deadlineMs: 10_000,
      input: z.object({ orderId: id, userId: id, amount: Money, token: z.string().min(1).max(200) }),
      output: Payment,
    }),
    refund: idempotent({
      summary: "Gives back what was taken for an order; `voided` where nothing was.",
      input: z.object({ orderId: id }),
      output: z.object({ orderId: z.string(), status: z.enum(["refunded", "voided"]) }),
    }),
    get: read({ summary: "The payment of an order.", input: z.object({ orderId: id }), output: Payment }),
  },
});

/** A typed client of payments. */
export type PaymentsClient = ClientOf<typeof payments>;
