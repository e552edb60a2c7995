import { inject, injectable } from "inversify";
import type { Kysely } from "kysely";
import { Database, type Figures, type Tx } from "pangaea";
import { z } from "zod";
import type { Order, OrderItem, OrderStatus } from "./contract.js";

interface OrderRow {
  readonly id: string;
  readonly user_id: string;
  readonly status: OrderStatus;
  readonly currency: string;
  readonly amount: number;
  readonly created_at: string;
}

interface OrderItemRow {
  readonly order_id: string;
  readonly line: number;
  readonly product_id: string;
  readonly quantity: number;
  readonly currency: string;
  readonly amount: number;
}

interface OrderTables {
  readonly orders: OrderRow;
  readonly order_items: OrderItemRow;
}

/** A place in a user's list: time and id of the last order seen. */
export const OrderPosition = z.tuple([z.string(), z.string()]);

const itemOf = ({ product_id, quantity, currency, amount }: OrderItemRow): OrderItem => ({
  productId: product_id,
  quantity,
  price: { currency, amount },
});

/** The orders and their items. */
@injectable()
export class OrdersRepository {
  constructor(@inject(Database) private readonly db: Database<OrderTables>) {}

  async find(id: string): Promise<Order | undefined> {
    const rows = await this.db.read.selectFrom("orders").selectAll().where("id", "=", id).execute();
    return (await this.#withItems(this.db.read, rows))[0];
  }

  /** At most `count` orders of a user, newest first, from `after` on. */
  async list(userId: string, after: z.infer<typeof OrderPosition> | undefined, count: number): Promise<Order[]> {
    let select = this.db.read.selectFrom("orders").selectAll().where("user_id", "=", userId);
    if (after !== undefined) {
      select = select.where((eb) => eb(eb.refTuple("created_at", "id"), "<", eb.tuple(after[0], after[1])));
    }
    const rows = await select.orderBy("created_at", "desc").orderBy("id", "desc").limit(count).execute();
    return this.#withItems(this.db.read, rows);
  }

  /** Where an order stands, and whose it is, as the open transaction sees it. */
  async standing(tx: Tx, id: string): Promise<Pick<Order, "status" | "userId"> | undefined> {
    const row = this.db.in(tx).selectFrom("orders").select(["status", "user_id as userId"]).where("id", "=", id);
    return row.executeTakeFirst();
  }

  async setStatus(tx: Tx, id: string, status: OrderStatus): Promise<void> {
    await this.db.in(tx).updateTable("orders").set({ status }).where("id", "=", id).execute();
  }

  /**
   * Pieces by product, money by user and currency, and what users are to be told by order. A cancelled order was
   * confirmed before.
   */
  async figures(): Promise<Figures> {
    const piecesOf = async (status: OrderStatus) => {
      const rows = await this.db.read
        .selectFrom("order_items")
        .innerJoin("orders", "orders.id", "order_items.order_id")
        .select(["product_id", ({ fn }) => fn.sum<number>("quantity").as("quantity")])
        .where("status", "=", status)
        .groupBy("product_id")
        .execute();
      return Object.fromEntries(rows.map((row) => [row.product_id, row.quantity]));
    };
    const totals = await this.db.read
      .selectFrom("orders")
      .select(["user_id", "currency", ({ fn }) => fn.sum<number>("amount").as("amount")])
      .where("status", "=", "confirmed")
      .groupBy(["user_id", "currency"])
      .execute();
    const ended = await this.db.read
      .selectFrom("orders")
      .select(["id", "status"])
      .where("status", "in", ["confirmed", "cancelled"])
      .execute();
    return {
      ordered: await piecesOf("pending"),
      sold: await piecesOf("confirmed"),
      earned: Object.fromEntries(totals.map((row) => [`${row.user_id} ${row.currency}`, row.amount])),
      confirmations: Object.fromEntries(ended.map(({ id }) => [id, 1])),
      cancellations: Object.fromEntries(ended.filter(({ status }) => status === "cancelled").map(({ id }) => [id, 1])),
    };
  }

  async insert(tx: Tx, { id, userId, status, items, total, createdAt }: Order): Promise<void> {
    const db = this.db.in(tx);
    await db
      .insertInto("orders")
      .values({ id, user_id: userId, status, ...total, created_at: createdAt })
      .execute();
    const rows = items.map(({ productId, quantity, price }, line) => ({
      order_id: id,
      line,
      product_id: productId,
      quantity,
      ...price,
    }));
    await db.insertInto("order_items").values(rows).execute();
  }

  async #withItems(db: Kysely<OrderTables>, rows: readonly OrderRow[]): Promise<Order[]> {
    if (rows.length === 0) return [];
    const ids = rows.map((row) => row.id);
    const items = await db.selectFrom("order_items").selectAll().where("order_id", "in", ids).orderBy("line").execute();
    return rows.map(({ id, user_id, status, currency, amount, created_at }) => ({
      id,
      userId: user_id,
      status,
      items: items.filter((item) => item.order_id === id).map(itemOf),
      total: { currency, amount },
      createdAt: created_at,
    }));
  }
}
