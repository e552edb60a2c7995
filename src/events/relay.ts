import type { Call, Handler } from "../core/call.js";
import type { Clock } from "../core/clock.js";
import type { Failpoints } from "../core/failpoints.js";
import type { Logger } from "../core/logger.js";
import type { ModuleStore } from "../storage/module-store.js";
import { Feed } from "./feed.js";
import { Outbox } from "./outbox.js";

/** What a subscriber wants of one producer. */
export interface Subscriber {
  /** Names of the producer's events. */
  readonly events: ReadonlySet<string>;
  /** Whether, when it is new, it gets what was committed before it came. */
  readonly from: "oldest" | "now";
}

export interface RelayOptions {
  readonly store: ModuleStore;
  /** By the subscribing module's name. */
  readonly subscribers: ReadonlyMap<string, Subscriber>;
  /** Delivers one event to a subscriber over that edge's transport; resolves when its effect is committed. */
  readonly deliver: (call: Call) => ReturnType<Handler>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly failpoints?: Failpoints;
}

const pruneMs = 60_000;

/** Brings a module's at-least-once events from its outbox to every subscriber, until each is confirmed. */
export class Relay {
  readonly #outbox: Outbox;
  readonly #feeds: Feed[] = [];
  #cancelPrune = () => {};
  #stopped = false;

  constructor(private readonly options: RelayOptions) {
    this.#outbox = new Outbox(options.store);
  }

  /** How far each subscriber is behind. */
  get lags(): Feed["lag"][] {
    return this.#feeds.map(({ lag }) => lag);
  }

  async start(): Promise<void> {
    const { subscribers, deliver, clock, logger, failpoints } = this.options;
    for (const [subscriber, { events, from }] of subscribers) {
      if (from === "now") await this.#outbox.beginNow(subscriber);
      const feed = new Feed({ outbox: this.#outbox, subscriber, events, deliver, clock, logger, failpoints });
      await feed.start();
      this.#feeds.push(feed);
    }
    this.#pruneAfter(pruneMs);
  }

  /** Says that the outbox has grown. */
  wake(): void {
    for (const feed of this.#feeds) feed.wake();
  }

  /** Cancels the deliveries under way and ends; what was not confirmed is delivered again after the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelPrune();
    await Promise.all(this.#feeds.map((feed) => feed.stop()));
  }

  #pruneAfter(delayMs: number): void {
    const { clock, logger, subscribers } = this.options;
    this.#cancelPrune = clock.after(delayMs, () => {
      this.#outbox
        .prune(subscribers.keys(), clock.wallTime())
        .catch((error: unknown) => {
          logger.warn("Old events could not be forgotten; it is tried again.", { error });
          return false;
        })
        .then((more) => {
          if (!this.#stopped) this.#pruneAfter(more ? 100 : pruneMs);
        })
        .catch(() => undefined);
    });
  }
}
