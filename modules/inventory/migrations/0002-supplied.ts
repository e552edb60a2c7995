import { type Kysely, sql } from "kysely";

/** What was ever brought of a product, so that the books can be compared. */
export const supplied = {
  name: "0002-supplied",
  async up(db: Kysely<any>): Promise<void> {
    await db.schema
      .alterTable("stock")
      .addColumn("supplied", "bigint", (column) => column.notNull().defaultTo(0))
      .execute();
    await sql`update stock set supplied = available + coalesce((
      select sum(quantity) from reservation_items
        join reservations on reservations.order_id = reservation_items.order_id
        where reservation_items.product_id = stock.product_id and reservations.state in ('reserved', 'sold')), 0)`.execute(
      db,
    );
  },
};
