import { inject, injectable } from "inversify";
import { Database, type Figures, type Tx } from "pangaea";
import type { Money, Payment } from "./contract.js";
import type { PaymentStatus } from "./domain/payment-status.js";

interface PaymentRow {
  readonly order_id: string;
  readonly status: PaymentStatus;
  readonly user_id: string | null;
  readonly currency: string | null;
  readonly amount: number | null;
  readonly changed_at: string;
}

interface PaymentTables {
  readonly payments: PaymentRow;
}

/** The payments table: one row an order. */
@injectable()
export class PaymentsRepository {
  constructor(@inject(Database) private readonly db: Database<PaymentTables>) {}

  /** The payment of an order as the outside may know it: a refund that closed the order beforehand is none. */
  async find(orderId: string): Promise<Payment | undefined> {
    const row = await this.db.read
      .selectFrom("payments")
      .selectAll()
      .where("order_id", "=", orderId)
      .executeTakeFirst();
    if (row === undefined || row.status === "voided") return undefined;
    return { orderId, status: row.status, amount: { currency: row.currency!, amount: row.amount! } };
  }

  /** What was taken and not given back, by user and currency. */
  async figures(): Promise<Figures> {
    const rows = await this.db.read
      .selectFrom("payments")
      .select(["user_id", "currency", ({ fn }) => fn.sum<number>("amount").as("amount")])
      .where("status", "=", "captured")
      .groupBy(["user_id", "currency"])
      .execute();
    return { captured: Object.fromEntries(rows.map((row) => [`${row.user_id} ${row.currency}`, row.amount])) };
  }

  async status(tx: Tx, orderId: string): Promise<PaymentStatus | undefined> {
    const row = this.db.in(tx).selectFrom("payments").select("status").where("order_id", "=", orderId);
    return (await row.executeTakeFirst())?.status;
  }

  async capture(tx: Tx, orderId: string, userId: string, { currency, amount }: Money, at: string): Promise<void> {
    await this.db
      .in(tx)
      .insertInto("payments")
      .values({ order_id: orderId, status: "captured", user_id: userId, currency, amount, changed_at: at })
      .execute();
  }

  async close(tx: Tx, orderId: string, status: "refunded" | "voided", at: string): Promise<void> {
    await this.db
      .in(tx)
      .insertInto("payments")
      .values({ order_id: orderId, status, user_id: null, currency: null, amount: null, changed_at: at })
      .onConflict((conflict) => conflict.column("order_id").doUpdateSet({ status, changed_at: at }))
      .execute();
  }
}
