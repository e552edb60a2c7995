import {
  ByNumber,
  type Call,
  callFromList,
  type CallHead,
  type Clock,
  type Context,
  errorOf,
  errorText,
  fieldsOf,
  type Handler,
  headFrom,
  isError,
  isNumber,
  maxHeads,
  type Reply,
  replyText,
} from "../../src/core/index.js";
import { batchFrom, type Channels, maxMessageBytes } from "./frames.js";
import type { Link } from "./link.js";
import type { Outgoing } from "./outgoing.js";

/** Callers that are remembered; one that has nothing in flight may be forgotten for another. */
const maxSenders = 10_000;

/** A call whose handler has not settled. */
interface Running {
  readonly context: Context;
  /** Whether somebody waits for the answer. */
  wanted: boolean;
}

/** What is known of one caller. Its calls arrive in the order of their numbers, so that one number tells the old from the new. */
interface Sender {
  readonly reply: string;
  readonly inFlight: ByNumber<Running>;
  last: number;
}

export interface InboxOptions {
  readonly address: string;
  readonly handler: Handler;
  readonly link: Link;
  readonly outgoing: Outgoing;
  readonly channels: Channels;
  readonly clock: Clock;
  /** Part of a received text made no sense. */
  onMalformed(channel: string): void;
}

/** A served address: takes calls, each at most once, and answers them. */
export class Inbox {
  readonly #options: InboxOptions;
  readonly #senders = new Map<string, Sender>();
  #inFlight = 0;
  #closing = false;
  #onIdle: (() => void) | undefined;
  #unsubscribe: (() => Promise<void>)[] = [];

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  /** Calls that are being handled. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Resolves when callers can reach it, or when Redis is known to be away: it is served as soon as Redis is there. */
  async open(): Promise<void> {
    const { link, channels, address } = this.#options;
    this.#unsubscribe = await Promise.all([
      link.subscribe(channels.alive(address), (text) => this.#receive(channels.alive(address), text)),
      link.subscribe(channels.inbox(address), (text) => this.#receive(channels.inbox(address), text)),
    ]);
  }

  /** Takes nothing new, and resolves when everything in flight has been answered. */
  async close(): Promise<void> {
    this.#closing = true;
    const [leaveAlive, leaveInbox] = this.#unsubscribe;
    await leaveInbox?.();
    if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    await this.#options.outgoing.answered();
    await leaveAlive?.();
  }

  /** The same without waiting for any handler: what is in flight is answered with `unavailable`, outcome unknown. */
  async abandon(): Promise<void> {
    this.#closing = true;
    const error = errorOf("unavailable", "The service was stopped in the middle of the call.", { outcome: "unknown" });
    for (const { reply, inFlight } of this.#senders.values()) {
      for (const [id, running] of inFlight.entries()) {
        if (running.wanted) this.#options.outgoing.publish(reply, errorText(id, error, maxMessageBytes));
        running.wanted = false;
        running.context.cancellation.cancel(error);
      }
    }
    await Promise.all(this.#unsubscribe.map((leave) => leave()));
  }

  #receive(channel: string, text: string): void {
    const batch = batchFrom(text);
    let sound = batch !== undefined;
    if (batch !== undefined) {
      const sender = this.#senderOf(batch.sender);
      const heads: CallHead[] = [];
      for (const message of batch.messages) {
        sound =
          (Array.isArray(message) ? this.#takeCall(sender, heads, message) : this.#take(sender, heads, message)) &&
          sound;
      }
    }
    if (!sound) this.#options.onMalformed(channel);
  }

  #senderOf(name: string): Sender {
    const known = this.#senders.get(name);
    if (known !== undefined) return known;
    if (this.#senders.size >= maxSenders) {
      for (const [old, { inFlight }] of this.#senders) {
        if (inFlight.size > 0) continue;
        this.#senders.delete(old);
        break;
      }
    }
    const sender = { reply: this.#options.channels.reply(name), inFlight: new ByNumber<Running>(), last: 0 };
    this.#senders.set(name, sender);
    return sender;
  }

  /** Handles what is no call; false where it makes no sense. */
  #take(sender: Sender, heads: CallHead[], message: unknown): boolean {
    if (typeof message !== "object" || message === null) return false;
    const { head, is, cancel, ask, ids } = fieldsOf(message);
    if (isNumber(head)) {
      if (head >= maxHeads) return false;
      try {
        heads[head] = headFrom(is);
      } catch {
        return false;
      }
    } else if (isNumber(ask) && Array.isArray(ids)) {
      const held = ids.filter((id) => sender.inFlight.get(id as number)?.wanted);
      this.#options.outgoing.publish(sender.reply, JSON.stringify({ ask, held }));
    } else if (isNumber(cancel)) {
      const running = sender.inFlight.get(cancel);
      if (running !== undefined) {
        running.wanted = false;
        running.context.cancellation.cancel();
      }
    } else return false;
    return true;
  }

  /** Begins with a call; false where it makes no sense. */
  #takeCall(sender: Sender, heads: readonly CallHead[], message: readonly unknown[]): boolean {
    const [id, number] = message;
    if (!isNumber(id)) return false;
    // Seen before, or older than what has been seen: its caller has given it up.
    if (id <= sender.last) return true;
    sender.last = id;
    const head = heads[number as number];
    let call: Call;
    try {
      if (this.#closing) throw errorOf("unavailable", "The service is closing.", { outcome: "not-executed" });
      if (head === undefined)
        throw errorOf("invalid_argument", "Malformed call: its head is not known.", { outcome: "not-executed" });
      call = callFromList(message, head, this.#options.clock);
    } catch (error) {
      this.#options.outgoing.publish(sender.reply, errorText(id, error, maxMessageBytes));
      return isError(error) && error.code === "unavailable";
    }
    this.#handle(sender, id, call);
    return true;
  }

  #handle(sender: Sender, id: number, call: Call): void {
    const running = { context: call.context, wanted: true };
    sender.inFlight.set(id, running);
    this.#inFlight++;
    let reply: Promise<Reply>;
    try {
      reply = this.#options.handler(call);
    } catch (error) {
      reply = Promise.reject(error);
    }
    reply.then(
      (reply) => {
        if (this.#ended(sender, id, running))
          this.#options.outgoing.publish(sender.reply, replyText(id, reply, maxMessageBytes));
      },
      (error: unknown) => {
        if (this.#ended(sender, id, running))
          this.#options.outgoing.publish(sender.reply, errorText(id, error, maxMessageBytes));
      },
    );
  }

  /** Takes a call off the list; false where nobody wants the answer any more. */
  #ended(sender: Sender, id: number, running: Running): boolean {
    sender.inFlight.delete(id);
    if (--this.#inFlight === 0) this.#onIdle?.();
    return running.wanted;
  }
}
