import type { Kysely } from "kysely";

export const orders = {
  name: "0001-orders",
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("orders")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("user_id", "text", (column) => column.notNull())
      .addColumn("status", "text", (column) => column.notNull())
      .addColumn("currency", "text", (column) => column.notNull())
      .addColumn("amount", "bigint", (column) => column.notNull())
      .addColumn("created_at", "text", (column) => column.notNull())
      .execute();
    await db.schema.createIndex("orders_of_user").on("orders").columns(["user_id", "created_at", "id"]).execute();
    await db.schema
      .createTable("order_items")
      .addColumn("order_id", "text", (column) => column.notNull().references("orders.id"))
      .addColumn("line", "bigint", (column) => column.notNull())
      .addColumn("product_id", "text", (column) => column.notNull())
      .addColumn("quantity", "bigint", (column) => column.notNull())
      .addColumn("currency", "text", (column) => column.notNull())
      .addColumn("amount", "bigint", (column) => column.notNull())
      .addPrimaryKeyConstraint("order_items_key", ["order_id", "line"])
      .execute();
  },
};
