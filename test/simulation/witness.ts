import { inject, injectable } from "inversify";
import type { Kysely } from "kysely";
import {
  type CallContext,
  Clock,
  Database,
  defineContract,
  defineModule,
  read,
  type ServiceOf,
  when,
  Work,
} from "pangaea";
import { z } from "zod";
import { type OrderEvent, orders } from "../../modules/orders/contract.js";

const handlingMs = 10;

const Effect = z.object({ orderId: z.string(), kind: z.string() });

/** Writes down each effect of each event in the order in which it comes, and does nothing itself against a second one. */
export const witness = defineContract("witness", 1, {
  procedures: {
    effects: read({ input: z.object({}), output: z.object({ effects: z.array(Effect) }) }),
  },
});

interface WitnessTables {
  readonly effects: { readonly position?: number; readonly order_id: string; readonly kind: string };
}

@injectable()
class Witness implements ServiceOf<typeof witness> {
  constructor(
    @inject(Database) private readonly db: Database<WitnessTables>,
    @inject(Work) private readonly work: Work,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  async effects() {
    const rows = await this.db.read.selectFrom("effects").selectAll().orderBy("position").execute();
    return { effects: rows.map(({ order_id, kind }) => ({ orderId: order_id, kind })) };
  }

  async see(kind: string, { orderId }: OrderEvent, ctx: CallContext): Promise<void> {
    // Takes its time, so that a second delivery comes while the first is under way.
    await new Promise<void>((resolve) => this.clock.after(handlingMs, resolve));
    await this.work.commit(ctx, async (tx) => {
      await this.db.in(tx).insertInto("effects").values({ order_id: orderId, kind }).execute();
    });
  }
}

const effects = {
  name: "0001-effects",
  async up(db: Kysely<any>): Promise<void> {
    await db.schema
      .createTable("effects")
      .addColumn("position", "integer", (column) => column.primaryKey().autoIncrement())
      .addColumn("order_id", "text", (column) => column.notNull())
      .addColumn("kind", "text", (column) => column.notNull())
      .execute();
  },
};

export default defineModule({
  contract: witness,
  service: Witness,
  migrations: [effects],
  on: [
    when(orders.events.confirmed, Witness, (service, order, ctx) => service.see("confirmed", order, ctx)),
    when(orders.events.rejected, Witness, (service, order, ctx) => service.see("rejected", order, ctx)),
    when(orders.events.cancelled, Witness, (service, order, ctx) => service.see("cancelled", order, ctx)),
  ],
});
