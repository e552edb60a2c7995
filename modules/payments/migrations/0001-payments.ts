import type { Kysely } from "kysely";

export const payments = {
  name: "0001-payments",
  async up(db: Kysely<unknown>): Promise<void> {
    // A refund without a charge leaves a row too: one with nobody who paid and nothing paid.
    await db.schema
      .createTable("payments")
      .addColumn("order_id", "text", (column) => column.primaryKey())
      .addColumn("status", "text", (column) => column.notNull())
      .addColumn("user_id", "text")
      .addColumn("currency", "text")
      .addColumn("amount", "bigint")
      .addColumn("changed_at", "text", (column) => column.notNull())
      .execute();
  },
};
