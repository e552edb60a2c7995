import type { Kysely } from "kysely";

/** What was ever brought of a product, so that the books can be compared. */
export const supplied = {
  name: "0002-supplied",
  async up(db: Kysely<any>): Promise<void> {
    await db.schema
      .alterTable("stock")
      .addColumn("supplied", "bigint", (column) => column.notNull().defaultTo(0))
      .execute();
    await db
      .updateTable("stock")
      .set((eb) => ({
        supplied: eb(
          "available",
          "+",
          eb.fn.coalesce(
            eb
              .selectFrom("reservation_items")
              .innerJoin("reservations", "reservations.order_id", "reservation_items.order_id")
              .whereRef("reservation_items.product_id", "=", "stock.product_id")
              .where("reservations.state", "in", ["reserved", "sold"])
              .select((inner) => inner.fn.sum<number>("quantity").as("quantity")),
            eb.val(0),
          ),
        ),
      }))
      .execute();
  },
};
