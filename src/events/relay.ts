import { Cancellation } from "../core/cancellation.js";
import type { Call, Handler } from "../core/call.js";
import { type Clock, sleep } from "../core/clock.js";
import { type Context, type Principal, rootContext } from "../core/context.js";
import { errorOf } from "../core/error.js";
import type { Failpoints } from "../core/failpoints.js";
import type { Logger } from "../core/logger.js";
import { run } from "../storage/framework-rows.js";
import type { OutboxRow } from "../storage/framework-tables.js";
import type { ModuleStore } from "../storage/module-store.js";

export interface RelayOptions {
  readonly store: ModuleStore;
  /** The subscribing modules, with the names of the events of this module that each wants. */
  readonly subscribers: ReadonlyMap<string, ReadonlySet<string>>;
  /** Delivers one event to a subscriber over that edge's transport; resolves when its effect is committed. */
  readonly deliver: (call: Call) => ReturnType<Handler>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly failpoints?: Failpoints;
}

const batchSize = 100;
const deliveryDeadlineMs = 10_000;
const maxBackoffMs = 5_000;
/** After so many failures in a row the log says so. */
const patience = 5;

/**
 * Brings a module's at-least-once events from its outbox to every subscriber, in commit order, until each is confirmed.
 * How far each has come stands in the outbox's database; after a crash it goes on from there, and the subscriber's inbox
 * drops what it had already. A subscriber that is slow or away delays nobody else.
 */
export class Relay {
  readonly #stop = new Cancellation();
  readonly #loops: Promise<void>[] = [];
  readonly #positions = new Map<string, number>();
  #news = signal();

  constructor(private readonly options: RelayOptions) {}

  start(): void {
    for (const [subscriber, events] of this.options.subscribers) this.#loops.push(this.#serve(subscriber, events));
  }

  /** Says that the outbox has grown. */
  wake(): void {
    const news = this.#news;
    this.#news = signal();
    news.fire();
  }

  /** Cancels the deliveries under way and ends; what was not confirmed is delivered again after the next start. */
  async stop(): Promise<void> {
    this.#stop.cancel(errorOf("canceled", "The module is being stopped."));
    this.wake();
    await Promise.all(this.#loops);
  }

  async #serve(subscriber: string, events: ReadonlySet<string>): Promise<void> {
    const { logger, clock } = this.options;
    let failures = 0;
    while (this.#stop.reason === undefined) {
      const news = this.#news;
      try {
        const more = await this.#deliverBatch(subscriber, events);
        if (failures >= patience) logger.info(`Events reach ${subscriber} again.`);
        failures = 0;
        if (!more) await news.fired;
      } catch (error) {
        if (this.#stop.reason !== undefined) return;
        failures++;
        // Said once per outage; the readiness of the subscriber says the rest.
        if (failures === 1)
          logger.warn(`An event for ${subscriber} is not confirmed yet and is tried again.`, { error });
        await sleep(clock, Math.min(25 * 2 ** failures, maxBackoffMs), this.#stop.signal);
      }
    }
  }

  /** Delivers the next events in order; says whether there may be more. Progress is kept even if one of them fails. */
  async #deliverBatch(subscriber: string, events: ReadonlySet<string>): Promise<boolean> {
    const { framework } = this.options.store;
    const start = await this.#positionOf(subscriber);
    const { rows } = await run<OutboxRow>(
      framework,
      "select * from pangaea_outbox where position > ? order by position limit ?",
      [start, batchSize],
    );
    let position = start;
    try {
      for (const row of rows) {
        if (events.has(row.name)) await this.#deliver(row, subscriber);
        position = row.position;
      }
    } finally {
      if (position > start) {
        await run(framework, "replace into pangaea_cursor (subscriber, position) values (?, ?)", [
          subscriber,
          position,
        ]);
        this.#positions.set(subscriber, position);
      }
    }
    return rows.length === batchSize;
  }

  /** How far a subscriber has come: read once, and then known, since nobody else moves it. */
  async #positionOf(subscriber: string): Promise<number> {
    const known = this.#positions.get(subscriber);
    if (known !== undefined) return known;
    const { rows } = await run<{ position: number }>(
      this.options.store.framework,
      "select position from pangaea_cursor where subscriber = ?",
      [subscriber],
    );
    const position = rows[0]?.position ?? 0;
    this.#positions.set(subscriber, position);
    return position;
  }

  async #deliver(row: OutboxRow, subscriber: string): Promise<void> {
    const call = this.#callOf(row, subscriber);
    this.options.failpoints?.hit("relay.before-deliver");
    try {
      await this.options.deliver(call);
      this.options.failpoints?.hit("relay.confirmed-before-cursor");
    } finally {
      // Else the relay's own cancellation would know every delivery there ever was.
      call.context.cancellation.detach();
    }
  }

  #callOf(row: OutboxRow, subscriber: string): Call {
    const method = `${this.options.store.module}.${row.name}`;
    const context: Context = rootContext(this.options.clock, deliveryDeadlineMs, {
      headers: JSON.parse(row.headers) as Record<string, string>,
      principal: row.principal === null ? undefined : (JSON.parse(row.principal) as Principal),
      event: { id: row.id, key: row.key, method },
      cancellation: new Cancellation(this.#stop),
    });
    return {
      kind: "event",
      service: subscriber,
      version: row.version,
      method,
      input: JSON.parse(row.payload),
      effect: "idempotent",
      attempt: 1,
      caller: this.options.store.module,
      context,
    };
  }
}

function signal() {
  let fire!: () => void;
  const fired = new Promise<void>((resolve) => (fire = resolve));
  return { fire, fired };
}
