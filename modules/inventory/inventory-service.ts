import { inject, injectable } from "inversify";
import { type CallContext, fail, type Input, type ServiceOf, type Tx, Work } from "pangaea";
import { inventory, type Level, type Reservation } from "./contract.js";
import { releasing, restocking } from "./domain/reservation.js";
import { InventoryRepository } from "./inventory-repository.js";

type OrderKey = Input<typeof inventory, "release">;

/** Counts what is on the shelves, reserved and sold. */
@injectable()
export class InventoryService implements ServiceOf<typeof inventory> {
  constructor(
    @inject(InventoryRepository) private readonly repository: InventoryRepository,
    @inject(Work) private readonly work: Work,
  ) {}

  set({ productId, quantity }: Input<typeof inventory, "set">, ctx: CallContext): Promise<Level> {
    return this.work.commit(ctx, async (tx) => {
      await this.repository.set(tx, productId, quantity);
      return { productId, available: quantity };
    });
  }

  adjust({ id, delta }: Input<typeof inventory, "adjust">, ctx: CallContext): Promise<Level> {
    return this.work.commit(ctx, async (tx) => {
      const before = await this.repository.available(tx, id);
      if (before === undefined) throw fail(inventory.errors.PRODUCT_NOT_FOUND);
      if (!(await this.repository.add(tx, id, delta))) throw fail(inventory.errors.OUT_OF_STOCK, { productId: id });
      await this.repository.supply(tx, id, delta);
      return { productId: id, available: before + delta };
    });
  }

  async levels({ productIds }: Input<typeof inventory, "levels">): Promise<{ levels: Level[] }> {
    return { levels: await this.repository.levels(productIds) };
  }

  reserve({ orderId, items }: Input<typeof inventory, "reserve">, ctx: CallContext): Promise<Reservation> {
    return this.work.commit(ctx, async (tx) => {
      const state = await this.repository.state(tx, orderId);
      if (state === "released") throw fail(inventory.errors.RESERVATION_RELEASED);
      if (state !== undefined) return { orderId, state };
      await this.repository.setState(tx, orderId, "reserved");
      for (const item of items) {
        const taken = await this.repository.add(tx, item.productId, -item.quantity);
        if (!taken) throw fail(inventory.errors.OUT_OF_STOCK, { productId: item.productId });
        await this.repository.addItem(tx, orderId, item);
      }
      return { orderId, state: "reserved" };
    });
  }

  confirm({ orderId }: OrderKey, ctx: CallContext): Promise<Reservation> {
    return this.work.commit(ctx, async (tx) => {
      const state = await this.repository.state(tx, orderId);
      if (state === undefined || state === "released") throw fail(inventory.errors.NOT_RESERVED);
      await this.repository.setState(tx, orderId, "sold");
      return { orderId, state: "sold" };
    });
  }

  release({ orderId }: OrderKey, ctx: CallContext): Promise<Reservation> {
    return this.work.commit(ctx, (tx) => this.#giveBack(tx, orderId, releasing));
  }

  restock({ orderId }: OrderKey, ctx: CallContext): Promise<Reservation> {
    return this.work.commit(ctx, (tx) => this.#giveBack(tx, orderId, restocking));
  }

  async #giveBack(tx: Tx, orderId: string, rule: typeof restocking): Promise<Reservation> {
    const { state, returnsItems } = rule(await this.repository.state(tx, orderId));
    const items = returnsItems ? await this.repository.items(tx, orderId) : [];
    for (const item of items) await this.repository.add(tx, item.productId, item.quantity);
    await this.repository.setState(tx, orderId, state);
    return { orderId, state };
  }
}
