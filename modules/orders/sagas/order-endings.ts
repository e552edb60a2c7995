import { inject, injectable } from "inversify";
import type { ErrorMessage, Tx } from "pangaea";
import { type OrderEvent, orders, type OrderStatus } from "../contract.js";
import { canBecome } from "../domain/order-status.js";
import { OrdersRepository } from "../orders-repository.js";

/** How sagas end for an order: its status changes and the world is told, in the saga's last commit. */
@injectable()
export class OrderEndings {
  constructor(@inject(OrdersRepository) private readonly repository: OrdersRepository) {}

  async confirm(tx: Tx, { orderId, userId }: OrderEvent): Promise<void> {
    if (await this.#become(tx, orderId, "confirmed")) tx.emit(orders.events.confirmed, { orderId, userId });
  }

  async reject(tx: Tx, { orderId, userId }: OrderEvent, failure: ErrorMessage | undefined): Promise<void> {
    const reason = failure?.reason ?? failure?.code ?? "unknown";
    if (await this.#become(tx, orderId, "rejected")) tx.emit(orders.events.rejected, { orderId, userId, reason });
  }

  async cancel(tx: Tx, { orderId, userId }: OrderEvent): Promise<void> {
    if (await this.#become(tx, orderId, "cancelled")) tx.emit(orders.events.cancelled, { orderId, userId });
  }

  /** Says false, and changes nothing, where the order has gone another way. */
  async #become(tx: Tx, orderId: string, status: OrderStatus): Promise<boolean> {
    const order = await this.repository.standing(tx, orderId);
    if (order === undefined || !canBecome(order.status, status)) return false;
    await this.repository.setStatus(tx, orderId, status);
    return true;
  }
}
