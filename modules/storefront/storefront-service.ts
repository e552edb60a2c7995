import { inject, injectable } from "inversify";
import { type CallContext, clientOf, type Input, Logger, type Output, type ServiceOf } from "pangaea";
import { catalog, type CatalogClient } from "../catalog/contract.js";
import { inventory, type InventoryClient, type Level } from "../inventory/contract.js";
import { notifications, type NotificationsClient } from "../notifications/contract.js";
import { orders, type OrdersClient } from "../orders/contract.js";
import { users, type UsersClient } from "../users/contract.js";
import type { Overview, ProductOnSale, storefront } from "./contract.js";
import { onSale, overviewOf } from "./domain/composition.js";

/** How many orders and notifications an overview shows. */
const latest = 10;

/** A part that an answer can do without may take this long, so that a slow one does not use up the whole deadline. */
const partDeadlineMs = 1_500;

/** Composes what a customer wants to see at once. */
@injectable()
export class StorefrontService implements ServiceOf<typeof storefront> {
  constructor(
    @inject(clientOf(users)) private readonly users: UsersClient,
    @inject(clientOf(orders)) private readonly orders: OrdersClient,
    @inject(clientOf(notifications)) private readonly notifications: NotificationsClient,
    @inject(clientOf(catalog)) private readonly catalog: CatalogClient,
    @inject(clientOf(inventory)) private readonly inventory: InventoryClient,
    @inject(Logger) private readonly logger: Logger,
  ) {}

  async overview({ id }: Input<typeof storefront, "overview">, ctx: CallContext): Promise<Overview> {
    const page = { id, limit: latest };
    const [user, orderPage, notificationPage] = await Promise.all([
      this.users.get({ id }, ctx),
      this.#orNull("orders", this.orders.list(page, ctx, { deadlineMs: partDeadlineMs })),
      this.#orNull("notifications", this.notifications.list(page, ctx, { deadlineMs: partDeadlineMs })),
    ]);
    return overviewOf({
      user,
      orders: orderPage && orderPage.items,
      notifications: notificationPage && notificationPage.items,
    });
  }

  async products(
    input: Input<typeof storefront, "products">,
    ctx: CallContext,
  ): Promise<Output<typeof storefront, "products">> {
    const { items, nextCursor } = await this.catalog.list(input, ctx);
    const productIds = items.map((product) => product.id);
    return { items: onSale(items, await this.#levels(productIds, ctx)), nextCursor };
  }

  async product({ id }: Input<typeof storefront, "product">, ctx: CallContext): Promise<ProductOnSale> {
    const [product, levels] = await Promise.all([this.catalog.get({ id }, ctx), this.#levels([id], ctx)]);
    return onSale([product], levels)[0]!;
  }

  async #levels(productIds: string[], ctx: CallContext): Promise<Level[] | null> {
    if (productIds.length === 0) return [];
    const answer = this.inventory.levels({ productIds }, ctx, { deadlineMs: partDeadlineMs });
    return (await this.#orNull("inventory", answer))?.levels ?? null;
  }

  async #orNull<T>(part: string, answer: Promise<T>): Promise<T | null> {
    try {
      return await answer;
    } catch (error) {
      this.logger.warn("A part of an answer is missing.", { part, error });
      return null;
    }
  }
}
