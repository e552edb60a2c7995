import type { Call, Handler } from "../core/call.js";
import { Cancellation } from "../core/cancellation.js";
import type { Clock } from "../core/clock.js";
import { errorOf } from "../core/error.js";
import type { Failpoints } from "../core/failpoints.js";
import type { Logger } from "../core/logger.js";
import { storedTraceId } from "../core/span.js";
import type { OutboxRow } from "../storage/framework-tables.js";
import { eventCall } from "./event-call.js";
import type { Outbox } from "./outbox.js";
import { backoffMs, isAway, maxAwayMs, maxBackoffMs } from "./try-again.js";

export interface FeedOptions {
  readonly outbox: Outbox;
  readonly subscriber: string;
  /** The names of the events that it wants. */
  readonly events: ReadonlySet<string>;
  /** Delivers one event; resolves when its effect is committed. */
  readonly deliver: (call: Call) => ReturnType<Handler>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly failpoints?: Failpoints | undefined;
}

/** The events of one key that wait, in order; the first is under way or to be tried again. */
interface Lane {
  readonly rows: OutboxRow[];
  failures: number;
}

const batchSize = 100;
/** So many events may be read and not confirmed. */
const maxOpen = 2_000;
const maxParallel = 32;

/**
 * Brings the events of one module to one subscriber: those of a key in the order of their commits, those of different
 * keys side by side, so that one which fails holds up no other. How far all are confirmed is written down now and then;
 * what is delivered again after a crash is dropped by the subscriber's inbox.
 */
export class Feed {
  readonly #stop = new Cancellation();
  readonly #lanes = new Map<string, Lane>();
  /** Lanes whose first event can be delivered now. */
  readonly #ready: string[] = [];
  /** Positions that are read and not confirmed, in ascending order. */
  readonly #open = new Set<number>();
  readonly #timers = new Set<() => void>();
  #running = 0;
  #readTo = 0;
  #written = 0;
  #reading = false;
  #readFailures = 0;
  #more = false;
  #writing: Promise<void> | undefined;
  #writeFailures = 0;
  #awayFailures = 0;
  #paused = false;
  #onIdle: (() => void) | undefined;

  constructor(private readonly options: FeedOptions) {}

  /** All events up to this position are confirmed. */
  get position(): number {
    for (const first of this.#open) return first - 1;
    return this.#readTo;
  }

  /** How far the subscriber is behind: events that are read and not confirmed, and when the oldest was committed. */
  get lag(): { readonly subscriber: string; readonly events: number; readonly since: number | undefined } {
    const oldest = Math.min(...Array.from(this.#lanes.values(), ({ rows }) => rows[0]!.created_at));
    const since = Number.isFinite(oldest) ? oldest : undefined;
    return { subscriber: this.options.subscriber, events: this.#open.size, since };
  }

  async start(): Promise<void> {
    this.#readTo = this.#written = await this.options.outbox.positionOf(this.options.subscriber);
    this.wake();
  }

  /** Says that there may be new events. */
  wake(): void {
    this.#more = true;
    void this.#read();
  }

  /** Cancels what is under way and writes down how far it has come. */
  async stop(): Promise<void> {
    this.#stop.cancel(errorOf("canceled", "The module is being stopped."));
    for (const cancel of this.#timers) cancel();
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    await this.#writing;
    await this.#write();
  }

  async #read(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      while (this.#more && this.#open.size < maxOpen && this.#stop.reason === undefined) {
        this.#more = false;
        const rows = await this.options.outbox.after(this.#readTo, batchSize);
        if (rows.length === batchSize) this.#more = true;
        for (const row of rows) this.#enqueue(row);
        this.#pump();
        this.#readFailures = 0;
      }
    } catch (error) {
      this.#more = true;
      if (this.#readFailures++ === 0) this.options.logger.warn("The outbox cannot be read now.", { error });
      this.#later(backoffMs(this.#readFailures, maxBackoffMs), () => void this.#read());
    } finally {
      this.#reading = false;
    }
    this.#keepPosition();
  }

  #enqueue(row: OutboxRow): void {
    this.#readTo = row.position;
    if (!this.options.events.has(row.name)) return;
    this.#open.add(row.position);
    const lane = this.#lanes.get(row.key);
    if (lane !== undefined) {
      lane.rows.push(row);
      return;
    }
    this.#lanes.set(row.key, { rows: [row], failures: 0 });
    this.#ready.push(row.key);
  }

  /** Delivers as much as may be delivered at once; of a subscriber that was away, one event at first. */
  #pump(): void {
    const limit = this.#awayFailures > 0 ? 1 : maxParallel;
    while (!this.#paused && this.#running < limit && this.#ready.length > 0 && this.#stop.reason === undefined) {
      const key = this.#ready.shift()!;
      this.#running++;
      void this.#deliver(key, this.#lanes.get(key)!);
    }
  }

  async #deliver(key: string, lane: Lane): Promise<void> {
    const row = lane.rows[0]!;
    try {
      await this.#send(row);
      this.#onConfirmed(key, lane, row);
    } catch (error) {
      if (this.#stop.reason === undefined) this.#onFailure(key, lane, row, error);
    } finally {
      if (--this.#running === 0) this.#onIdle?.();
    }
    this.#pump();
    if (this.#more) void this.#read();
  }

  async #send(row: OutboxRow): Promise<void> {
    const { outbox, subscriber, clock, deliver, failpoints } = this.options;
    const call = eventCall({
      event: row,
      id: row.id,
      producer: outbox.producer,
      method: `${outbox.producer}.${row.name}`,
      subscriber,
      clock,
      cancellation: this.#stop,
      position: row.position,
      floor: outbox.floorOf(subscriber),
    });
    failpoints?.hit("relay.before-deliver");
    try {
      await deliver(call);
      failpoints?.hit("relay.confirmed-before-cursor");
    } finally {
      // Else the feed's own cancellation would know every delivery there ever was.
      call.context.cancellation.detach();
    }
  }

  #onConfirmed(key: string, lane: Lane, row: OutboxRow): void {
    if (this.#awayFailures > 0) this.options.logger.info(`Events reach ${this.options.subscriber} again.`);
    this.#awayFailures = 0;
    lane.failures = 0;
    lane.rows.shift();
    if (lane.rows.length > 0) this.#ready.push(key);
    else this.#lanes.delete(key);
    this.#open.delete(row.position);
    this.#keepPosition();
  }

  #onFailure(key: string, lane: Lane, row: OutboxRow, error: unknown): void {
    const { logger, subscriber } = this.options;
    if (isAway(error)) {
      this.#ready.unshift(key);
      // Said once per outage; the readiness of the subscriber says the rest.
      if (this.#awayFailures++ === 0) logger.warn(`Events for ${subscriber} wait until it can be reached.`, { error });
      if (this.#paused) return;
      this.#paused = true;
      this.#later(backoffMs(this.#awayFailures, maxAwayMs), () => {
        this.#paused = false;
        this.#pump();
      });
      return;
    }
    if (lane.failures++ === 0) {
      const about = { event: row.id, key, traceId: storedTraceId(row.headers), error };
      logger.warn(`An event for ${subscriber} is not confirmed yet and is tried again.`, about);
    }
    this.#later(backoffMs(lane.failures, maxBackoffMs), () => {
      this.#ready.push(key);
      this.#pump();
    });
  }

  #later(delayMs: number, action: () => void): void {
    const done = () => {
      this.#timers.delete(cancel);
      action();
    };
    const cancel = this.options.clock.after(delayMs, done, true);
    this.#timers.add(cancel);
  }

  /** One write at a time, of the newest position: what is confirmed meanwhile shares the next. */
  #keepPosition(): void {
    if (this.#writing !== undefined || this.position === this.#written) return;
    this.#writing = this.#write().then((isWritten) => {
      this.#writing = undefined;
      if (this.#stop.reason !== undefined) return;
      if (isWritten) this.#keepPosition();
      else this.#later(backoffMs(this.#writeFailures, maxBackoffMs), () => this.#keepPosition());
    });
  }

  async #write(): Promise<boolean> {
    const { position } = this;
    if (position === this.#written) return true;
    try {
      await this.options.outbox.keepPosition(this.options.subscriber, position);
      this.#written = position;
      this.#writeFailures = 0;
      return true;
    } catch (error) {
      // Until it is, a crash costs deliveries that the inbox drops.
      this.#writeFailures++;
      this.options.logger.debug("A cursor could not be written.", { error });
      return false;
    }
  }
}
