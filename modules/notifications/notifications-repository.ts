import { inject, injectable } from "inversify";
import { Database, type Figures, type Tx } from "pangaea";
import { z } from "zod";
import type { Notification, NotificationKind } from "./contract.js";

interface NotificationRow {
  readonly id: string;
  readonly user_id: string;
  readonly kind: NotificationKind;
  readonly order_id: string;
  readonly created_at: string;
}

interface NotificationTables {
  readonly notifications: NotificationRow;
}

/** A place in a user's list: time and id of the last notification seen. */
export const NotificationPosition = z.tuple([z.string(), z.string()]);

/** The notifications table. An order has at most one of each kind. */
@injectable()
export class NotificationsRepository {
  constructor(@inject(Database) private readonly db: Database<NotificationTables>) {}

  /** At most `count` notifications of a user, newest first, from `after` on. */
  async list(
    userId: string,
    after: z.infer<typeof NotificationPosition> | undefined,
    count: number,
  ): Promise<Notification[]> {
    let select = this.db.read.selectFrom("notifications").selectAll().where("user_id", "=", userId);
    if (after !== undefined) {
      select = select.where((eb) => eb(eb.refTuple("created_at", "id"), "<", eb.tuple(after[0], after[1])));
    }
    const rows = await select.orderBy("created_at", "desc").orderBy("id", "desc").limit(count).execute();
    return rows.map(({ id, kind, order_id, created_at }) => ({ id, kind, orderId: order_id, createdAt: created_at }));
  }

  /** How many notifications of each kind an order has. */
  async figures(): Promise<Figures> {
    const countsOf = async (kind: NotificationKind) => {
      const rows = await this.db.read
        .selectFrom("notifications")
        .select(["order_id", ({ fn }) => fn.countAll<number>().as("count")])
        .where("kind", "=", kind)
        .groupBy("order_id")
        .execute();
      return Object.fromEntries(rows.map((row) => [row.order_id, row.count]));
    };
    return { confirmations: await countsOf("order-confirmed"), cancellations: await countsOf("order-cancelled") };
  }

  /** Does nothing where the order already has one of this kind. */
  async insert(tx: Tx, userId: string, { id, kind, orderId, createdAt }: Notification): Promise<void> {
    await this.db
      .in(tx)
      .insertInto("notifications")
      .values({ id, user_id: userId, kind, order_id: orderId, created_at: createdAt })
      .onConflict((conflict) => conflict.columns(["order_id", "kind"]).doNothing())
      .execute();
  }
}
