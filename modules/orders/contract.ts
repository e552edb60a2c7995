import { type ClientOf, defineContract, event, idempotent, mutation, read } from "pangaea";
import { z } from "zod";
import { catalog } from "../catalog/contract.js";
import { inventory } from "../inventory/contract.js";
import { Money, payments } from "../payments/contract.js";
import { users } from "../users/contract.js";

const id = z.string().min(1).max(100);

/** What a user wants: so many pieces of a product. Several lines of one product count as one. */
export const OrderLine = z.object({ productId: id, quantity: z.int().min(1).max(1_000) });
export type OrderLine = z.infer<typeof OrderLine>;

/** A line with the price of one piece at the time of the order. */
export const OrderItem = z.object({ productId: z.string(), quantity: z.int(), price: Money });
export type OrderItem = z.infer<typeof OrderItem>;

/** Where an order stands. Only `pending` and `confirmed` ones can still change. */
export const OrderStatus = z.enum(["pending", "confirmed", "rejected", "cancelled"]);
export type OrderStatus = z.infer<typeof OrderStatus>;

/** An order, paid and set aside as a whole or not at all. */
export const Order = z.object({
  id: z.string(),
  userId: z.string(),
  status: OrderStatus,
  items: z.array(OrderItem),
  total: Money,
  createdAt: z.iso.datetime(),
});
export type Order = z.infer<typeof Order>;

/** Which order, and whose. */
export const OrderEvent = z.object({ orderId: z.string(), userId: z.string() });
export type OrderEvent = z.infer<typeof OrderEvent>;

/** Why an order was rejected: the reason of the error that the caller got, or its code where it has none. */
export const RejectedOrder = OrderEvent.extend({ reason: z.string() });
export type RejectedOrder = z.infer<typeof RejectedOrder>;

/** Sells products: sets stock aside, takes the money, and undoes the one where the other is refused. */
export const orders = defineContract("orders", 1, {
  errors: {
    USER_NOT_FOUND: users.errors.USER_NOT_FOUND,
    PRODUCT_NOT_FOUND: catalog.errors.PRODUCT_NOT_FOUND,
    OUT_OF_STOCK: inventory.errors.OUT_OF_STOCK,
    PAYMENT_DECLINED: payments.errors.PAYMENT_DECLINED,
    MIXED_CURRENCIES: {
      code: "invalid_argument",
      message: "The prices of these products are in different currencies; order them separately.",
    },
    ORDER_NOT_FOUND: { code: "not_found", message: "There is no such order." },
    ORDER_NOT_CANCELLABLE: {
      code: "failed_precondition",
      status: 409,
      message: "Only a confirmed order can be cancelled.",
      details: z.object({ status: OrderStatus }),
    },
    INVALID_CURSOR: { code: "invalid_argument", message: "This cursor is not one that a list of orders gave." },
  },
  procedures: {
    place: mutation({
      summary: "Places an order; `pending` where it takes longer than the caller may wait.",
      deadlineMs: 5_000,
      input: z.object({
        userId: id,
        items: z.array(OrderLine).min(1).max(50),
        payment: z.object({ token: z.string().min(1).max(200) }),
      }),
      output: Order,
      access: "user",
      http: {
        route: "POST /orders",
        status: 201,
        idempotencyKey: "optional",
        accepted: { field: "status", equals: "pending", location: "/orders/{id}" },
      },
    }),
    get: read({
      summary: "One order.",
      input: z.object({ id }),
      output: Order,
      access: "user",
      http: { route: "GET /orders/:id" },
    }),
    list: read({
      summary: "The orders of a user, newest first.",
      input: z.object({
        id,
        limit: z.int().min(1).max(100).default(20),
        cursor: z.string().max(1_000).optional(),
      }),
      output: z.object({ items: z.array(Order), nextCursor: z.string().nullable() }),
      access: "user",
      http: { route: "GET /users/:id/orders" },
    }),
    cancel: idempotent({
      summary:
        "Refunds and restocks a confirmed order; still `confirmed` where that takes longer than the caller may wait.",
      input: z.object({ id }),
      output: Order,
      access: "user",
      http: {
        route: "POST /orders/:id/cancel",
        accepted: { field: "status", equals: "confirmed", location: "/orders/{id}" },
      },
    }),
  },
  events: {
    confirmed: event({
      payload: OrderEvent,
      key: (order) => order.orderId,
      delivery: "at-least-once",
    }),
    rejected: event({
      payload: RejectedOrder,
      key: (order) => order.orderId,
      delivery: "at-least-once",
    }),
    cancelled: event({
      payload: OrderEvent,
      key: (order) => order.orderId,
      delivery: "at-least-once",
    }),
  },
});

/** A typed client of orders. */
export type OrdersClient = ClientOf<typeof orders>;
