import { inject, injectable } from "inversify";
import { Database, type Figures, type Tx } from "pangaea";
import type { Level, Reservation, StockItem } from "./contract.js";

type ReservationState = Reservation["state"];

interface InventoryTables {
  readonly stock: { readonly product_id: string; readonly available: number; readonly supplied: number };
  readonly reservations: { readonly order_id: string; readonly state: ReservationState };
  readonly reservation_items: { readonly order_id: string; readonly product_id: string; readonly quantity: number };
}

/** Stock and reservations. For every product: available + reserved + sold = supplied, which is what was set and adjusted. */
@injectable()
export class InventoryRepository {
  constructor(@inject(Database) private readonly db: Database<InventoryTables>) {}

  async levels(productIds: readonly string[]): Promise<Level[]> {
    if (productIds.length === 0) return [];
    return this.db.read
      .selectFrom("stock")
      .select(["product_id as productId", "available"])
      .where("product_id", "in", productIds)
      .execute();
  }

  async available(tx: Tx, productId: string): Promise<number | undefined> {
    const stock = this.db.in(tx).selectFrom("stock").select("available").where("product_id", "=", productId);
    return (await stock.executeTakeFirst())?.available;
  }

  async set(tx: Tx, productId: string, available: number): Promise<void> {
    await this.db
      .in(tx)
      .insertInto("stock")
      .values({ product_id: productId, available, supplied: available })
      .onConflict((conflict) =>
        conflict.column("product_id").doUpdateSet((eb) => ({
          available,
          supplied: eb(eb("stock.supplied", "+", available), "-", eb.ref("stock.available")),
        })),
      )
      .execute();
  }

  /** What is said of the books whenever nobody changes them: pieces by product. */
  async figures(): Promise<Figures> {
    const stock = await this.db.read.selectFrom("stock").selectAll().execute();
    const items = await this.db.read
      .selectFrom("reservation_items")
      .innerJoin("reservations", "reservations.order_id", "reservation_items.order_id")
      .select(["state", "product_id", ({ fn }) => fn.sum<number>("quantity").as("quantity")])
      .groupBy(["state", "product_id"])
      .execute();
    const itemsIn = (state: ReservationState) =>
      Object.fromEntries(items.filter((row) => row.state === state).map((row) => [row.product_id, row.quantity]));
    return {
      supplied: Object.fromEntries(stock.map((row) => [row.product_id, row.supplied])),
      available: Object.fromEntries(stock.map((row) => [row.product_id, row.available])),
      reserved: itemsIn("reserved"),
      sold: itemsIn("sold"),
    };
  }

  /** Notes that pieces were brought, or taken away for good. */
  async supply(tx: Tx, productId: string, delta: number): Promise<void> {
    await this.db
      .in(tx)
      .updateTable("stock")
      .set((eb) => ({ supplied: eb("supplied", "+", delta) }))
      .where("product_id", "=", productId)
      .execute();
  }

  /** Changes the stock by `delta`; says false, and changes nothing, where it is unknown or would go below zero. */
  async add(tx: Tx, productId: string, delta: number): Promise<boolean> {
    const { numUpdatedRows } = await this.db
      .in(tx)
      .updateTable("stock")
      .set((eb) => ({ available: eb("available", "+", delta) }))
      .where("product_id", "=", productId)
      .where((eb) => eb("available", "+", delta), ">=", 0)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  async state(tx: Tx, orderId: string): Promise<ReservationState | undefined> {
    const row = this.db.in(tx).selectFrom("reservations").select("state").where("order_id", "=", orderId);
    return (await row.executeTakeFirst())?.state;
  }

  async setState(tx: Tx, orderId: string, state: ReservationState): Promise<void> {
    await this.db
      .in(tx)
      .insertInto("reservations")
      .values({ order_id: orderId, state })
      .onConflict((conflict) => conflict.column("order_id").doUpdateSet({ state }))
      .execute();
  }

  items(tx: Tx, orderId: string): Promise<StockItem[]> {
    return this.db
      .in(tx)
      .selectFrom("reservation_items")
      .select(["product_id as productId", "quantity"])
      .where("order_id", "=", orderId)
      .execute();
  }

  /** Several lines of one product are one row. */
  async addItem(tx: Tx, orderId: string, { productId, quantity }: StockItem): Promise<void> {
    await this.db
      .in(tx)
      .insertInto("reservation_items")
      .values({ order_id: orderId, product_id: productId, quantity })
      .onConflict((conflict) =>
        conflict
          .columns(["order_id", "product_id"])
          .doUpdateSet((eb) => ({ quantity: eb("reservation_items.quantity", "+", quantity) })),
      )
      .execute();
  }
}
