import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Acknowledged } from "./load.js";
import { read } from "./persistent-request.js";

/** What became of the orders that were acknowledged. */
export interface Audit {
  readonly acknowledged: number;
  readonly lost: number;
  /** Orders that the shop has and nobody was told of, or told of once and has twice. */
  readonly doubled: number;
  readonly notNotified: number;
}

/** Asks again until the answer is as it should be, for twenty seconds at most, and gives back the last one. */
export const until = async <T>(ask: () => Promise<T>, holds: (value: T) => boolean): Promise<T> => {
  const giveUp = performance.now() + 20_000;
  for (;;) {
    const value = await ask();
    if (holds(value) || performance.now() > giveUp) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

/** Follows a list of the shop from page to page to its end. */
export async function every<T>(url: string, path: string): Promise<T[]> {
  const items: T[] = [];
  for (let cursor = ""; ;) {
    const query = `?limit=100${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`;
    const page = await read<{ items: T[]; nextCursor: string | null }>(`${url}${path}${query}`);
    items.push(...page.items);
    if (page.nextCursor === null) return items;
    cursor = page.nextCursor;
  }
}

/** Asks the shop, from outside, for every order that it acknowledged: each must be there once, confirmed, and told of once. */
export async function audit(url: string, acknowledged: readonly Acknowledged[]): Promise<Audit> {
  const told = new Map<string, Set<string>>();
  for (const { userId, orderId } of acknowledged) told.set(userId, (told.get(userId) ?? new Set()).add(orderId));
  let lost = 0;
  let doubled = 0;
  let notNotified = 0;
  for (const [userId, orderIds] of told) {
    const orders = await until(
      () => every<{ id: string; status: string }>(url, `/users/${userId}/orders`),
      (all) => all.every(({ status }) => status !== "pending"),
    );
    const confirmed = new Set(orders.filter(({ status }) => status === "confirmed").map(({ id }) => id));
    lost += [...orderIds].filter((id) => !confirmed.has(id)).length;
    doubled += orders.filter(({ id }) => !orderIds.has(id)).length;
    const notes = await until(
      () => every<{ kind: string; orderId: string }>(url, `/users/${userId}/notifications`),
      (all) => all.length >= confirmed.size,
    );
    const notified = notes.filter(({ kind }) => kind === "order-confirmed").map(({ orderId }) => orderId);
    doubled += notified.length - new Set(notified).size;
    notNotified += [...confirmed].filter((id) => !notified.includes(id)).length;
  }
  return { acknowledged: acknowledged.length, lost, doubled, notNotified };
}

/** A fingerprint of every file below a folder: names and contents. */
export async function fingerprint(folder: string): Promise<string> {
  const hash = createHash("sha256");
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.toSorted()) hash.update(file).update(await readFile(file));
  return hash.digest("hex").slice(0, 16);
}
