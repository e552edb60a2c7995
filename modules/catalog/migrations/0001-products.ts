import type { Kysely } from "kysely";

export const products = {
  name: "0001-products",
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("products")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("description", "text", (column) => column.notNull())
      .addColumn("currency", "text", (column) => column.notNull())
      .addColumn("amount", "bigint", (column) => column.notNull())
      .addColumn("search_text", "text", (column) => column.notNull())
      .execute();
    await db.schema.createIndex("products_by_name").on("products").columns(["name", "id"]).execute();
    // Remembers that the first products were there, so that they do not come back to a shop that threw them out.
    await db.schema
      .createTable("seeding")
      .addColumn("name", "text", (column) => column.primaryKey())
      .execute();
  },
};
