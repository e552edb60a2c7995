import { type Clock, Deadlines, type Ids, type Logger } from "../../src/core/index.js";
import { openSession, type Session } from "./session.js";

const beatMs = 1_000;
const firstRetryMs = 50;
const maxRetryMs = 500;

export interface LinkOptions {
  /** Servers of one cluster, or one server. */
  readonly urls: readonly string[];
  /** Shown by CLIENT LIST. */
  readonly name: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  /** Redis is there, and every subscription stands. */
  onLive(): void;
  /** Redis is not there: at the first failed attempt, and at every loss. */
  onDown(): void;
  /** About once a second while Redis is there. */
  onBeat(): void;
}

type OnText = (text: string) => void;

interface Subscribed {
  readonly listeners: Set<OnText>;
  /** Settles when Redis has confirmed it, or is known to be away. */
  readonly asked: Promise<void>;
}

/**
 * Keeps one session with Redis after another, and the subscriptions across them: each channel is subscribed exactly once
 * per session, before the session counts as live. Connects when first used, and never gives up until closed.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #deadlines: Deadlines;
  readonly #channels = new Map<string, Subscribed>();
  /** Still heard until Redis has confirmed the end, so that what it counted as received is not lost. */
  readonly #leaving = new Map<string, Subscribed>();
  #state: "idle" | "connecting" | "live" | "down" | "closed" = "idle";
  #session: Session | undefined;
  #attempt: Promise<void> = Promise.resolve();
  #attempts = 0;
  #failures = 0;
  #stopTimer: () => void = () => {};

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#deadlines = new Deadlines(options.clock);
  }

  /** `connecting`: the first attempt, or subscriptions of a new session that are not confirmed yet; what comes now may wait. */
  get state(): "idle" | "connecting" | "live" | "down" | "closed" {
    return this.#state;
  }

  /** How many subscribers got it. Only while live. */
  publish(channel: string, text: string): Promise<number> {
    if (this.#session === undefined) return Promise.reject(new Error("Redis is not reachable"));
    return this.#session.publish(channel, text);
  }

  start(): void {
    if (this.#state !== "idle") return;
    this.#state = "connecting";
    this.#attempt = this.#connect();
  }

  /**
   * Hears every text of `channel` from now on. Resolves once Redis has confirmed it, or is known to be away and will be
   * asked when it is back. The returned function ends it, and resolves once nothing more can come.
   */
  async subscribe(channel: string, onText: OnText): Promise<() => Promise<void>> {
    this.start();
    let subscribed = this.#channels.get(channel);
    if (subscribed === undefined) {
      const asked =
        this.#session === undefined ? this.#attempt : this.#tolerate(channel, this.#session.subscribe([channel]));
      subscribed = { listeners: new Set(), asked };
      this.#channels.set(channel, subscribed);
    }
    const own = subscribed;
    own.listeners.add(onText);
    await own.asked;
    return async () => {
      if (own.listeners.size === 1 && own.listeners.has(onText)) {
        this.#channels.delete(channel);
        this.#leaving.set(channel, own);
        if (this.#session !== undefined) await this.#tolerate(channel, this.#session.unsubscribe(channel));
        if (this.#leaving.get(channel) === own) this.#leaving.delete(channel);
      }
      own.listeners.delete(onText);
    };
  }

  /** Lets go of Redis at once. */
  close(): void {
    this.#stopTimer();
    this.#state = "closed";
    this.#session?.close();
    this.#session = undefined;
    this.#channels.clear();
  }

  async #connect(): Promise<void> {
    const { urls, name, clock } = this.#options;
    // Each attempt begins with another server: one that knows an old state of the cluster must not keep us out.
    const first = this.#attempts++ % urls.length;
    let session: Session | undefined;
    try {
      session = await openSession({
        urls: [...urls.slice(first), ...urls.slice(0, first)],
        name,
        clock,
        deadlines: this.#deadlines,
        onMessage: (channel, text) => this.#receive(channel, text),
        onEnd: (why) => this.#goDown(why),
      });
      if (this.#state === "closed") return session.close();
      // From here on `subscribe` speaks to the session itself, so that no channel is asked for twice.
      this.#session = session;
      // A call may arrive before the last subscription is confirmed; its reply must be able to wait.
      this.#state = "connecting";
      if (this.#channels.size > 0) await session.subscribe([...this.#channels.keys()]);
      if (this.#session === session) this.#goLive();
    } catch (error) {
      // Where an open session has ended, `onEnd` has said so already.
      if (session !== undefined && this.#session !== session) return;
      session?.close();
      this.#goDown(error instanceof Error ? error.message : String(error));
    }
  }

  #goLive(): void {
    if (this.#failures > 0) this.#options.logger.info("Redis is back.");
    this.#failures = 0;
    this.#state = "live";
    this.#options.onLive();
    this.#beatLater();
  }

  #goDown(why: string): void {
    this.#session = undefined;
    if (this.#state === "closed") return;
    if (this.#failures++ === 0) {
      this.#options.logger.warn("Redis is not reachable; calls over it fail until it is back.", { why });
    }
    this.#stopTimer();
    const delay = Math.min(firstRetryMs * 2 ** (this.#failures - 1), maxRetryMs);
    const jitter = Number.parseInt(this.#options.ids.hex(1), 16) / 256;
    this.#stopTimer = this.#options.clock.after(delay * (0.5 + jitter / 2), () => void this.#connect(), true);
    this.#state = "down";
    this.#options.onDown();
  }

  #beatLater(): void {
    this.#stopTimer = this.#options.clock.after(beatMs, () => {
      // A silent or half-open connection shows itself by the missing answer, also where nothing else is sent.
      if (this.#session !== undefined) void this.#tolerate("ping", this.#session.ping());
      this.#options.onBeat();
      this.#beatLater();
    });
  }

  #receive(channel: string, text: string): void {
    const subscribed = this.#channels.get(channel) ?? this.#leaving.get(channel);
    if (subscribed === undefined) return;
    for (const onText of subscribed.listeners) {
      try {
        onText(text);
      } catch (error) {
        this.#options.logger.error("A message from Redis could not be handled.", { channel, error });
      }
    }
  }

  async #tolerate(what: string, command: Promise<void>): Promise<void> {
    const { logger } = this.#options;
    await command.catch((error: Error) => {
      // A lost session is told by `onEnd`; what Redis itself refuses would go unnoticed.
      if (error.name === "ReplyError") logger.error("Redis refused.", { what, why: error.message });
    });
  }
}
