import type { Kysely } from "kysely";

export const notifications = {
  name: "0001-notifications",
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("notifications")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("user_id", "text", (column) => column.notNull())
      .addColumn("kind", "text", (column) => column.notNull())
      .addColumn("order_id", "text", (column) => column.notNull())
      .addColumn("created_at", "text", (column) => column.notNull())
      .addUniqueConstraint("notifications_once", ["order_id", "kind"])
      .execute();
    await db.schema
      .createIndex("notifications_of_user")
      .on("notifications")
      .columns(["user_id", "created_at", "id"])
      .execute();
  },
};
