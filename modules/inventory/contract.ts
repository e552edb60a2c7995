import { type ClientOf, defineContract, idempotent, mutation, read } from "pangaea";
import { z } from "zod";

const id = z.string().min(1).max(100);
const quantity = z.int().min(0).max(1_000_000_000);
const OrderKey = z.object({ orderId: id });

/** How much of a product can be sold right now. */
export const Level = z.object({ productId: z.string(), available: z.int() });
export type Level = z.infer<typeof Level>;

/** So many pieces of one product. */
export const StockItem = z.object({ productId: id, quantity: z.int().min(1) });
export type StockItem = z.infer<typeof StockItem>;

/** What became of an order's reservation. `released` is also an order that was given back before it reserved anything. */
export const Reservation = z.object({ orderId: z.string(), state: z.enum(["reserved", "sold", "released"]) });
export type Reservation = z.infer<typeof Reservation>;

/**
 * What lies on the shelves. An order reserves its items, all or none; `confirm` makes that a sale. `release`, `confirm`
 * and `restock` may come twice, late or for an order that was never reserved: they are steps of sagas.
 */
export const inventory = defineContract("inventory", 1, {
  errors: {
    OUT_OF_STOCK: {
      code: "failed_precondition",
      status: 409,
      message: "There are not enough pieces of this product.",
      details: z.object({ productId: z.string() }),
    },
    PRODUCT_NOT_FOUND: { code: "not_found", message: "Inventory knows no such product." },
    NOT_RESERVED: { code: "failed_precondition", status: 409, message: "Nothing is reserved for this order." },
    RESERVATION_RELEASED: {
      code: "failed_precondition",
      status: 409,
      message: "The reservation of this order was given back; it cannot be made again.",
    },
  },
  procedures: {
    set: mutation({
      summary: "Says how many pieces of a product are available.",
      input: z.object({ productId: id, quantity }),
      output: Level,
    }),
    adjust: mutation({
      summary: "Adds pieces of a product, or takes some away.",
      input: z.object({ id, delta: z.int().min(-1_000_000_000).max(1_000_000_000) }),
      output: Level,
      access: "public",
      http: { route: "POST /products/:id/stock", idempotencyKey: "optional" },
    }),
    levels: read({
      summary: "What is available of some products; unknown ones are left out.",
      input: z.object({ productIds: z.array(id).max(100) }),
      output: z.object({ levels: z.array(Level) }),
    }),
    reserve: mutation({
      summary: "Sets the items of an order aside, all or none.",
      input: z.object({ orderId: id, items: z.array(StockItem).min(1).max(100) }),
      output: Reservation,
    }),
    release: idempotent({
      summary: "Gives back what was reserved; a reservation that comes later is refused. A sale stays a sale.",
      input: OrderKey,
      output: Reservation,
    }),
    confirm: idempotent({ summary: "Makes a reservation a sale.", input: OrderKey, output: Reservation }),
    restock: idempotent({
      summary: "Gives back what was reserved or sold; a reservation that comes later is refused.",
      input: OrderKey,
      output: Reservation,
    }),
  },
});

/** A typed client of inventory. */
export type InventoryClient = ClientOf<typeof inventory>;
