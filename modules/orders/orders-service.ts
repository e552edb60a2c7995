import { inject, injectable } from "inversify";
import {
  type CallContext,
  Clock,
  clientOf,
  decodeCursor,
  errorFrom,
  fail,
  Ids,
  type Input,
  type Output,
  pageOf,
  Sagas,
  type ServiceOf,
  Work,
} from "pangaea";
import { catalog, type CatalogClient } from "../catalog/contract.js";
import { users, type UsersClient } from "../users/contract.js";
import { type Order, orders } from "./contract.js";
import { mergeLines, priceLines, totalOf } from "./domain/order-items.js";
import { OrderPosition, OrdersRepository } from "./orders-repository.js";
import { cancelOrder } from "./sagas/cancel-order.js";
import { placeOrder } from "./sagas/place-order.js";

/** How long a request waits for its order to settle before it is answered with the order as it stands. */
const patienceMs = 2_000;

/** Takes orders and leads them to their end. */
@injectable()
export class OrdersService implements ServiceOf<typeof orders> {
  constructor(
    @inject(clientOf(users)) private readonly users: UsersClient,
    @inject(clientOf(catalog)) private readonly catalog: CatalogClient,
    @inject(OrdersRepository) private readonly repository: OrdersRepository,
    @inject(Work) private readonly work: Work,
    @inject(Sagas) private readonly sagas: Sagas,
    @inject(Ids) private readonly ids: Ids,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  async place({ userId, items, payment }: Input<typeof orders, "place">, ctx: CallContext): Promise<Order> {
    const lines = mergeLines(items);
    const [, { products }] = await Promise.all([
      this.users.get({ id: userId }, ctx),
      this.catalog.getMany({ ids: lines.map((line) => line.productId) }, ctx),
    ]);
    const priced = priceLines(lines, products);
    const total = totalOf(priced);
    const orderId = await this.work.commit(ctx, async (tx) => {
      const id = `o_${this.ids.uuid()}`;
      const createdAt = new Date(this.clock.wallTime()).toISOString();
      await this.repository.insert(tx, { id, userId, status: "pending", items: priced, total, createdAt });
      tx.start(placeOrder, id, { orderId: id, userId, items: lines, amount: total, token: payment.token });
      return id;
    });
    // Only the id is kept under the caller's key: a repeat waits for the same saga and gets its answer.
    const { status, failure } = await this.sagas.settled(placeOrder, orderId, ctx, patienceMs);
    if (status === "compensated") throw errorFrom(failure);
    const order = await this.#find(orderId);
    // The answer to this request stays what it was, also for a repeat after the order was cancelled.
    return status === "completed" ? { ...order, status: "confirmed" } : order;
  }

  get({ id }: Input<typeof orders, "get">): Promise<Order> {
    return this.#find(id);
  }

  async list({ id, limit, cursor }: Input<typeof orders, "list">): Promise<Output<typeof orders, "list">> {
    const after = decodeCursor(cursor, OrderPosition, orders.errors.INVALID_CURSOR);
    const rows = await this.repository.list(id, after, limit + 1);
    return pageOf(rows, limit, (order) => [order.createdAt, order.id]);
  }

  async cancel({ id }: Input<typeof orders, "cancel">, ctx: CallContext): Promise<Order> {
    const cancelling = await this.work.commit(ctx, async (tx) => {
      const order = await this.repository.standing(tx, id);
      if (order === undefined) throw fail(orders.errors.ORDER_NOT_FOUND);
      if (order.status === "cancelled") return false;
      if (order.status !== "confirmed") throw fail(orders.errors.ORDER_NOT_CANCELLABLE, { status: order.status });
      tx.start(cancelOrder, id, { orderId: id, userId: order.userId });
      return true;
    });
    if (cancelling) {
      const { failure } = await this.sagas.settled(cancelOrder, id, ctx, patienceMs);
      if (failure !== undefined) throw errorFrom(failure);
    }
    return this.#find(id);
  }

  async #find(id: string): Promise<Order> {
    const order = await this.repository.find(id);
    if (order === undefined) throw fail(orders.errors.ORDER_NOT_FOUND);
    return order;
  }
}
