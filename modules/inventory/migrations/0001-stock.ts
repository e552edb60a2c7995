import type { Kysely } from "kysely";

export const stock = {
  name: "0001-stock",
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("stock")
      .addColumn("product_id", "text", (column) => column.primaryKey())
      .addColumn("available", "bigint", (column) => column.notNull())
      .execute();
    await db.schema
      .createTable("reservations")
      .addColumn("order_id", "text", (column) => column.primaryKey())
      .addColumn("state", "text", (column) => column.notNull())
      .execute();
    await db.schema
      .createTable("reservation_items")
      .addColumn("order_id", "text", (column) => column.notNull().references("reservations.order_id"))
      .addColumn("product_id", "text", (column) => column.notNull().references("stock.product_id"))
      .addColumn("quantity", "bigint", (column) => column.notNull())
      .addPrimaryKeyConstraint("reservation_items_key", ["order_id", "product_id"])
      .execute();
  },
};
