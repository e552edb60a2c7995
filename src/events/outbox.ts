import { forgetKeys } from "../storage/framework-rows.js";
import type { OutboxRow } from "../storage/framework-tables.js";
import type { ModuleStore } from "../storage/module-store.js";
import { run } from "../storage/run.js";

/** An event is kept so long after its commit, for subscribers that come later, in milliseconds. */
export const eventRetentionMs = 24 * 60 * 60 * 1000;
/** A saga that has come to its end is kept so long. */
const sagaRetentionMs = 7 * 24 * 60 * 60 * 1000;
const pruneBatch = 1_000;

/** A module's committed events, and how far each subscriber has come. */
export class Outbox {
  readonly #floors = new Map<string, number>();

  constructor(private readonly store: ModuleStore) {}

  get producer(): string {
    return this.store.module;
  }

  /** Events after a position, in the order of their commits. */
  async after(position: number, limit: number): Promise<OutboxRow[]> {
    const { rows } = await run<OutboxRow>(
      this.store.framework,
      "select * from pangaea_outbox where position > ? order by position limit ?",
      [position, limit],
    );
    return rows;
  }

  /** Up to where a subscriber has confirmed everything; a new one begins with the oldest event retained. */
  async positionOf(subscriber: string): Promise<number> {
    const { rows } = await run<{ position: number; floor: number }>(
      this.store.framework,
      "select position, floor from pangaea_cursor where subscriber = ?",
      [subscriber],
    );
    this.#floors.set(subscriber, rows[0]?.floor ?? 0);
    return rows[0]?.position ?? 0;
  }

  /** Lets a subscriber that has never been one begin after everything there is now. */
  async beginNow(subscriber: string): Promise<void> {
    await this.store.update((db) =>
      run(
        db,
        `insert into pangaea_cursor (subscriber, position, floor)
          select ?, coalesce(max(position), 0), 0 from pangaea_outbox where true on conflict (subscriber) do nothing`,
        [subscriber],
      ),
    );
  }

  /** May be lost in a power cut: then events come again, and the inbox drops them. */
  async keepPosition(subscriber: string, position: number): Promise<void> {
    await this.store.update(
      (db) =>
        run(
          db,
          `insert into pangaea_cursor (subscriber, position, floor) values (?, ?, 0)
            on conflict (subscriber) do update set position = excluded.position`,
          [subscriber, position],
        ),
      { relaxed: true },
    );
  }

  /** Nothing up to this position will be delivered to the subscriber again, whatever happens. */
  floorOf(subscriber: string): number {
    return this.#floors.get(subscriber) ?? 0;
  }

  /**
   * Forgets what nobody needs any more: events that all `subscribers` have confirmed and that are past their time, keys,
   * ended sagas. Says whether there may be more. `now`: epoch milliseconds.
   */
  async prune(subscribers: Iterable<string>, now: number): Promise<boolean> {
    // A floor must survive a power cut before it is announced: subscribers forget what lies below it.
    await this.store.update((db) => run(db, "update pangaea_cursor set floor = position where floor < position"));
    const names = [...subscribers];
    const { rows } = await run<{ subscriber: string; floor: number }>(
      this.store.framework,
      "select subscriber, floor from pangaea_cursor",
    );
    for (const { subscriber, floor } of rows) this.#floors.set(subscriber, floor);
    const below = names.length === 0 ? Number.MAX_SAFE_INTEGER : Math.min(...names.map((name) => this.floorOf(name)));
    return this.store.update(
      async (db) => {
        const { numAffectedRows } = await run(
          db,
          `delete from pangaea_outbox where position in
            (select position from pangaea_outbox where position <= ? and created_at <= ? order by position limit ?)`,
          [below, now - eventRetentionMs, pruneBatch],
        );
        await forgetKeys(db, now);
        await run(
          db,
          "delete from pangaea_saga where phase in ('completed', 'compensated', 'aborted') and updated_at <= ?",
          [now - sagaRetentionMs],
        );
        return numAffectedRows === BigInt(pruneBatch);
      },
      { relaxed: true },
    );
  }
}
