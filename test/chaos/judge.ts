import { every, until } from "../demo/audit.js";
import { read } from "../demo/persistent-request.js";
import { type AskedOrder, type Customers, price, stock } from "./customers.js";

/** What the shop has of one customer. */
interface Kept {
  readonly orders: readonly { readonly id: string; readonly status: string; readonly total: { amount: number } }[];
  readonly notes: readonly { readonly kind: string; readonly orderId: string }[];
}

/** What the customers were told, held against what the shop has. Every number but `sold` and `earned` should be 0. */
export interface Judgement {
  /** Acknowledged orders that are not there as they were acknowledged. */
  readonly lost: number;
  /** Orders that nobody was told of, or that two answers speak of. */
  readonly doubled: number;
  /** Keys whose repeat was answered otherwise than the first time. */
  readonly answeredOtherwise: number;
  /** Notifications too many or too few: one for each order confirmed, one more for each cancelled. */
  readonly wrongNotes: number;
  /** By how many pieces the shelf differs from what was sold. */
  readonly stockDifference: number;
}

/** Asks the shop, from outside, what it has of these customers and their orders. */
export async function judge(url: string, customers: Customers): Promise<Judgement> {
  const byUser = Map.groupBy(customers.orders, ({ userId }) => userId);
  let [lost, doubled, answeredOtherwise, wrongNotes, sold] = [0, 0, 0, 0, 0];
  for (const [userId, asked] of byUser) {
    const kept = await keptOf(url, userId);
    lost += lostOf(asked, kept);
    doubled += doubledOf(asked, kept);
    wrongNotes += wrongNotesOf(kept);
    sold += kept.orders
      .filter(({ status }) => status === "confirmed")
      .reduce((sum, { total }) => sum + total.amount / price, 0);
    answeredOtherwise += await answeredOtherwiseOf(customers, asked);
  }
  const { available } = await until(
    () => read<{ available: number | null }>(`${url}/products/${customers.productId}`),
    (product) => product.available === stock - sold,
  );
  const stockDifference = Math.abs(stock - sold - (available ?? 0));
  return { lost, doubled, answeredOtherwise, wrongNotes, stockDifference };
}

const expectedNotes = (status: string): readonly string[] => {
  if (status === "confirmed") return ["order-confirmed"];
  return status === "cancelled" ? ["order-cancelled", "order-confirmed"] : [];
};

/** The customer's orders once none is pending, and the notifications once there are enough. */
async function keptOf(url: string, userId: string): Promise<Kept> {
  const orders = await until(
    () => every<Kept["orders"][number]>(url, `/users/${userId}/orders`),
    (all) => all.every(({ status }) => status !== "pending"),
  );
  const enough = orders.flatMap(({ status }) => expectedNotes(status)).length;
  const notes = await until(
    () => every<Kept["notes"][number]>(url, `/users/${userId}/notifications`),
    (all) => all.length >= enough,
  );
  return { orders, notes };
}

function lostOf(asked: readonly AskedOrder[], { orders }: Kept): number {
  const kept = new Map(orders.map((order) => [order.id, order]));
  return asked.filter(({ told, orderId, cancelled, quantity }) => {
    if (told !== "ok") return false;
    const order = kept.get(orderId!);
    return order?.status !== (cancelled ? "cancelled" : "confirmed") || order.total.amount !== quantity * price;
  }).length;
}

function doubledOf(asked: readonly AskedOrder[], { orders }: Kept): number {
  const told = asked.filter((order) => order.told === "ok").map(({ orderId }) => orderId);
  const untold = orders.filter(({ id, status }) => status !== "rejected" && !told.includes(id)).length;
  // An order that nobody gave an answer about may be there once.
  const unknown = asked.filter((order) => order.told === "unknown").length;
  return Math.max(0, untold - unknown) + (told.length - new Set(told).size);
}

function wrongNotesOf({ orders, notes }: Kept): number {
  const told = Map.groupBy(notes, ({ orderId }) => orderId);
  const wrong = orders.filter(({ id, status }) => {
    const kinds = (told.get(id) ?? []).map(({ kind }) => kind).toSorted();
    return kinds.join() !== expectedNotes(status).join();
  }).length;
  const known = new Set(orders.map(({ id }) => id));
  return wrong + notes.filter(({ orderId }) => !known.has(orderId)).length;
}

/** Repeats one acknowledged and one refused order of a customer: a key means the same for a day. */
async function answeredOtherwiseOf(customers: Customers, asked: readonly AskedOrder[]): Promise<number> {
  let otherwise = 0;
  for (const told of ["ok", "failed"] as const) {
    const order = asked.find((each) => each.told === told);
    if (order === undefined) continue;
    const { status, text } = await customers.ask(order);
    const same =
      told === "ok" ? status === 201 && (JSON.parse(text) as { id: string }).id === order.orderId : status === 402;
    if (!same) otherwise++;
  }
  return otherwise;
}
