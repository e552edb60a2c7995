import { type ClientOf, defineContract, read } from "pangaea";
import { z } from "zod";

/** What users are told of. */
export const NotificationKind = z.enum(["order-confirmed", "order-cancelled"]);
export type NotificationKind = z.infer<typeof NotificationKind>;

/** One thing a user was told. */
export const Notification = z.object({
  id: z.string(),
  kind: NotificationKind,
  orderId: z.string(),
  createdAt: z.iso.datetime(),
});
export type Notification = z.infer<typeof Notification>;

/** Tells users what became of their orders, each thing once. */
export const notifications = defineContract("notifications", 1, {
  errors: {
    INVALID_CURSOR: { code: "invalid_argument", message: "This cursor is not one that a list of notifications gave." },
  },
  procedures: {
    list: read({
      summary: "What a user was told, newest first.",
      input: z.object({
        id: z.string().min(1).max(100),
        limit: z.int().min(1).max(100).default(20),
        cursor: z.string().max(1_000).optional(),
      }),
      output: z.object({ items: z.array(Notification), nextCursor: z.string().nullable() }),
      access: "user",
      http: { route: "GET /users/:id/notifications" },
    }),
  },
});

/** A typed client of notifications. */
export type NotificationsClient = ClientOf<typeof notifications>;
