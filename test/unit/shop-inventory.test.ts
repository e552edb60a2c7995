import * as fc from "fast-check";
import { isError, rootContext, systemClock } from "pangaea";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { inventory } from "../../modules/inventory/contract.js";
import { InventoryRepository } from "../../modules/inventory/inventory-repository.js";
import { InventoryService } from "../../modules/inventory/inventory-service.js";
import { migrations } from "../../modules/inventory/migrations/index.js";
import type { ModuleStore } from "../../src/storage/module-store.js";
import { openStore } from "./open-store.js";
import { kinds, type Place } from "./places.js";

let place: Place;
const open: ModuleStore[] = [];

async function openInventory() {
  const store = await openStore({ module: "inventory", backend: await place.open(), migrations, clock: systemClock });
  open.push(store);
  return { store, service: new InventoryService(new InventoryRepository(store), store) };
}

const ctx = () => rootContext(systemClock, 60_000);
const refusal = async (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );
const declared = Object.values(inventory.errors);

const products = ["a", "b", "c"];
const productId = fc.constantFrom(...products);
const orders = ["o1", "o2", "o3", "o4"];
const orderId = fc.constantFrom(...orders);
const step = fc.oneof(
  fc.record({ op: fc.constant("adjust" as const), id: productId, delta: fc.integer({ min: -8, max: 8 }) }),
  fc.record({
    op: fc.constant("reserve" as const),
    orderId,
    items: fc.array(fc.record({ productId, quantity: fc.integer({ min: 1, max: 6 }) }), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ op: fc.constantFrom("confirm" as const, "release" as const, "restock" as const), orderId }),
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function inRun(each: Step, run: number): Step {
  if (each.op === "adjust") return { ...each, id: `${each.id}-${run}` };
  if (each.op !== "reserve") return { ...each, orderId: `${each.orderId}-${run}` };
  const items = each.items.map((item) => ({ ...item, productId: `${item.productId}-${run}` }));
  return { ...each, orderId: `${each.orderId}-${run}`, items };
}

describe.each(kinds)("on $kind", ({ kind, newPlace }) => {
  beforeEach(() => {
    place = newPlace();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((store) => store.close()));
    place.remove();
  });

  it("loses and invents no piece, whatever comes in whatever order", async () => {
    const { store, service } = await openInventory();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (drawn) => {
        // Each run has products and orders of its own: a new file for each would be most of the time.
        run++;
        const productIds = products.map((id) => `${id}-${run}`);
        const steps = drawn.map((each) => inRun(each, run));
        const owned = new Map<string, number>();
        for (const id of productIds) {
          await service.set({ productId: id, quantity: 10 }, ctx());
          owned.set(id, 10);
        }
        const released = new Set<string>();
        for (const each of steps) {
          let error: unknown;
          if (each.op === "adjust") {
            error = await refusal(service.adjust(each, ctx()));
            if (error === undefined) owned.set(each.id, owned.get(each.id)! + each.delta);
          } else if (each.op === "reserve") {
            error = await refusal(service.reserve(each, ctx()));
            if (released.has(each.orderId)) expect(isError(error, inventory.errors.RESERVATION_RELEASED)).toBe(true);
          } else {
            const answer = await service[each.op](each, ctx()).catch((thrown: unknown) => void (error = thrown));
            if (answer?.state === "released") released.add(each.orderId);
          }
          if (error !== undefined) expect(declared.some((definition) => isError(error, definition))).toBe(true);

          const { levels } = await service.levels({ productIds });
          const held = await store.read
            .selectFrom("reservation_items")
            .innerJoin("reservations", "reservations.order_id", "reservation_items.order_id")
            .where("state", "!=", "released")
            .where("product_id", "in", productIds)
            .select(["product_id", "quantity"])
            .execute();
          for (const { productId: id, available } of levels) {
            expect(available).toBeGreaterThanOrEqual(0);
            const mine = held.filter((row) => row.product_id === id).map((row) => row.quantity as number);
            expect(available + mine.reduce((sum, quantity) => sum + quantity, 0)).toBe(owned.get(id));
          }
        }
      }),
      // A commit on a server takes much longer.
      { numRuns: kind === "sqlite" ? 60 : 6 },
    );
  });

  it("reserves all items or none, and says which product was short", async () => {
    const { service } = await openInventory();
    await service.set({ productId: "a", quantity: 5 }, ctx());
    await service.set({ productId: "b", quantity: 1 }, ctx());
    const items = [
      { productId: "a", quantity: 2 },
      { productId: "b", quantity: 2 },
    ];
    const error = await refusal(service.reserve({ orderId: "o1", items }, ctx()));
    expect(isError(error, inventory.errors.OUT_OF_STOCK) && error.details).toEqual({ productId: "b" });
    expect((await service.levels({ productIds: ["a", "b", "gone"] })).levels).toEqual([
      { productId: "a", available: 5 },
      { productId: "b", available: 1 },
    ]);
  });

  it("counts several lines of one product together", async () => {
    const { service } = await openInventory();
    await service.set({ productId: "a", quantity: 5 }, ctx());
    const line = { productId: "a", quantity: 2 };
    await service.reserve({ orderId: "o1", items: [line, line] }, ctx());
    expect((await service.levels({ productIds: ["a"] })).levels[0]?.available).toBe(1);
    await service.release({ orderId: "o1" }, ctx());
    expect((await service.levels({ productIds: ["a"] })).levels[0]?.available).toBe(5);
  });

  it("sells the last piece once when many want it at the same time", async () => {
    const { service } = await openInventory();
    await service.set({ productId: "a", quantity: 1 }, ctx());
    const items = [{ productId: "a", quantity: 1 }];
    const errors = await Promise.all(
      Array.from({ length: 8 }, (_, i) => refusal(service.reserve({ orderId: `o${i}`, items }, ctx()))),
    );
    expect(errors.filter((error) => error === undefined)).toHaveLength(1);
    expect(errors.filter((error) => isError(error, inventory.errors.OUT_OF_STOCK))).toHaveLength(7);
  });

  it("knows neither an adjustment below zero nor one of an unknown product", async () => {
    const { service } = await openInventory();
    await service.set({ productId: "a", quantity: 1 }, ctx());
    const below = await refusal(service.adjust({ id: "a", delta: -2 }, ctx()));
    expect(isError(below, inventory.errors.OUT_OF_STOCK)).toBe(true);
    const unknown = await refusal(service.adjust({ id: "gone", delta: 1 }, ctx()));
    expect(isError(unknown, inventory.errors.PRODUCT_NOT_FOUND)).toBe(true);
  });
});
