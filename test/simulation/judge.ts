import type { Module } from "../../src/core/index.js";
import { systemIds } from "../../src/core/ids.js";
import { silentLogger } from "../../src/core/logger.js";
import { notifications } from "../../modules/notifications/contract.js";
import { orders } from "../../modules/orders/contract.js";
import { audit } from "../../src/runtime/audit.js";
import { sqliteFile } from "../../src/runtime/open-backend.js";
import { openSqliteReadOnly } from "../../src/storage/sqlite.js";
import type { ProcessRuntime } from "../../src/runtime/process-runtime.js";
import type { AskedOrder, Customers } from "./customers.js";
import { witness } from "./witness.js";
import { ProcessClock, type VirtualTime } from "./virtual-time.js";

/** So long after the last fault, at most, everything has come to its end. Virtual milliseconds. */
const settleWithinMs = 30_000;
const lookMs = 1_000;

export interface Books {
  readonly modules: ReadonlyMap<string, Module>;
  readonly dataDir: string;
  readonly time: VirtualTime;
}

/** Waits until nothing is under way; says what is wrong with the books, or that it never came to rest. */
export async function judgeBooks({ modules, dataDir, time }: Books): Promise<string[]> {
  const parts = { clock: new ProcessClock(time), ids: systemIds, logger: silentLogger };
  const openStore = async (module: string) => openSqliteReadOnly(module, sqliteFile(module, { dataDir }));
  for (const end = time.now + settleWithinMs; ; await time.sleep(lookMs)) {
    const { equations, atRest, openSagas, openEvents, parkedSagas, deadLetters } = await audit({
      modules,
      openStore,
      waitMs: 0,
      ...parts,
    });
    const wrong = equations.flatMap(({ text, differences = [] }) =>
      differences.map(({ key, left, right }) => `the books differ: ${text}: ${key}: ${left}, ${right}`),
    );
    if (!atRest && wrong.length === 0 && time.now < end) continue;
    if (!atRest) wrong.push(`not at rest after ${settleWithinMs} ms: ${openSagas} sagas, ${openEvents} events`);
    if (parkedSagas + deadLetters > 0) wrong.push(`${parkedSagas} sagas parked, ${deadLetters} dead letters`);
    return wrong;
  }
}

/** What has happened to an order that stands so, in the order in which it did. */
const courseTo = {
  pending: [],
  rejected: ["rejected"],
  confirmed: ["confirmed"],
  cancelled: ["confirmed", "cancelled"],
};

/** Holds what customers were told against what the shop has. Rejects while the shop cannot be asked. */
export async function judgeOrders(runtime: ProcessRuntime, customers: Customers): Promise<string[]> {
  const wrong: string[] = [...customers.complaints];
  const { effects } = await runtime.client(witness, "gateway").effects({}, runtime.context(5_000));
  for (const userId of customers.userIds) {
    const mine = customers.orders.filter((order) => order.userId === userId);
    const page = { id: userId, limit: 100 };
    const { items: kept } = await runtime.client(orders, "gateway").list(page, runtime.context(5_000));
    const { items: notes } = await runtime.client(notifications, "gateway").list(page, runtime.context(5_000));
    wrong.push(...wrongOrders(mine, kept));
    for (const { id, status } of kept) {
      const course = courseTo[status].join();
      const seen = effects.filter(({ orderId }) => orderId === id).map(({ kind }) => kind);
      if (seen.join() !== course) wrong.push(`order ${id} is ${status}; events had these effects: ${seen.join()}`);
      const told = notes.filter(({ orderId }) => orderId === id).map(({ kind }) => kind.replace("order-", ""));
      const expected = courseTo[status].filter((kind) => kind !== "rejected");
      if (told.toSorted().join() !== expected.toSorted().join()) wrong.push(`order ${id}: told of ${told.join()}`);
    }
    const strange = notes.filter(({ orderId }) => !kept.some(({ id }) => id === orderId));
    if (strange.length > 0) wrong.push(`${strange.length} notifications of orders that are not there`);
  }
  return wrong;
}

type Kept = { readonly id: string; readonly status: string; readonly items: readonly { readonly quantity: number }[] };

function wrongOrders(asked: readonly AskedOrder[], kept: readonly Kept[]): string[] {
  const wrong: string[] = [];
  const byId = new Map(kept.map((order) => [order.id, order]));
  for (const { key, told, orderId, cancelled, quantity } of asked) {
    if (told !== "ok") continue;
    const order = byId.get(orderId!);
    const status = cancelled ? "cancelled" : "confirmed";
    if (order?.status !== status || order.items[0]?.quantity !== quantity)
      wrong.push(`lost: ${key} was acknowledged as ${orderId} (${status}), and is ${JSON.stringify(order)}`);
  }
  const live = kept.filter(({ status }) => status !== "rejected");
  const acknowledged = asked.filter(({ told }) => told === "ok");
  if (live.length > acknowledged.length)
    wrong.push(`doubled: ${live.length} orders stand, ${acknowledged.length} were acknowledged`);
  if (kept.length > asked.length)
    wrong.push(`doubled: ${kept.length} orders were made of ${asked.length} that were asked for`);
  return wrong;
}
