import {
  ByNumber,
  type Call,
  callText,
  errorOf,
  HeadNumbers,
  numbered,
  type Outcome,
  type PangaeaError,
} from "../../src/core/index.js";
import { batchText, maxMessageBytes } from "./frames.js";
import type { Link } from "./link.js";
import { hadNoEffect } from "./redis-node.js";

/** A PUBLISH that is full leaves at once: the other side can begin with it while this one still makes the next. */
const batchLength = 16 * 1024;
/** Text that may wait for Redis before more is refused. */
const maxWaitingLength = 32 * 1024 * 1024;

/** Learns what became of a message: how many got it, or why that is not known. */
export interface Sending {
  sent(result: number | PangaeaError): void;
}

interface Batch {
  readonly number: number;
  readonly channel: string;
  readonly messages: string[];
  /** Of the calls among them. */
  readonly heads: HeadNumbers;
  readonly sendings: Sending[];
  length: number;
}

const unreachable = (outcome: Outcome): PangaeaError => errorOf("unavailable", "Redis is not reachable.", { outcome });

/**
 * What goes out: all that one tick sends to one channel goes in one PUBLISH. While Redis is being connected
 * messages wait; when Redis is away they are refused at once. Nothing is ever sent twice.
 */
export class Outgoing {
  readonly #link: Link;
  readonly #sender: string;
  /** By channel. A new one for each tick: what an emptied `Map` held before stays reachable for the engine's collector. */
  #open = new Map<string, Batch>();
  readonly #unanswered = new ByNumber<Batch>();
  #lastBatch = 0;
  #queue: Batch[] = [];
  #waitingLength = 0;
  #scheduled = false;
  #whenAnswered: (() => void)[] = [];
  readonly #flush = () => this.flush();

  constructor(link: Link, sender: string) {
    this.#link = link;
    this.#sender = sender;
  }

  /** Characters that Redis has not yet confirmed. */
  get waitingLength(): number {
    return this.#waitingLength;
  }

  /** Sends `message`, which is JSON text; `sending` hears once what became of it. */
  publish(channel: string, message: string, sending?: Sending): void {
    const batch = this.#batchFor(channel, message.length, sending);
    if (batch !== undefined) this.#add(batch, message);
  }

  /** Sends a call under its number. Throws where it cannot be sent. */
  publishCall(channel: string, id: number, call: Call, sending: Sending): void {
    const body = callText(call, maxMessageBytes);
    const batch = this.#batchFor(channel, body.length, sending);
    if (batch === undefined) return;
    const head = batch.heads.numberOf(call, (text) => this.#add(batch, text));
    this.#add(batch, numbered(id, head, call.context.remainingMs(), body));
  }

  /** The batch that takes another message of that length; undefined where it is refused. */
  #batchFor(channel: string, length: number, sending: Sending | undefined): Batch | undefined {
    const link = this.#link;
    link.start();
    if (link.state === "closed" || link.state === "down") {
      sending?.sent(unreachable("not-sent"));
      return undefined;
    }
    if (this.#waitingLength + length > maxWaitingLength) {
      sending?.sent(errorOf("resource_exhausted", "Too much waits for Redis already.", { outcome: "not-sent" }));
      return undefined;
    }
    let batch = this.#open.get(channel);
    if (batch !== undefined && batch.length + length > batchLength) {
      this.flush();
      batch = undefined;
    }
    if (batch === undefined) {
      const number = ++this.#lastBatch;
      batch = { number, channel, messages: [], heads: new HeadNumbers(), sendings: [], length: 0 };
      this.#open.set(channel, batch);
      this.#queue.push(batch);
    }
    if (sending !== undefined) batch.sendings.push(sending);
    if (!this.#scheduled && link.state === "live") {
      this.#scheduled = true;
      process.nextTick(this.#flush);
    }
    return batch;
  }

  #add(batch: Batch, message: string): void {
    batch.messages.push(message);
    batch.length += message.length;
    this.#waitingLength += message.length;
  }

  /** Hands what waits to Redis, where it is there. */
  flush(): void {
    this.#scheduled = false;
    if (this.#queue.length === 0 || this.#link.state !== "live") return;
    const queue = this.#queue;
    this.#queue = [];
    this.#open = new Map();
    for (const batch of queue) {
      this.#unanswered.set(batch.number, batch);
      this.#link.publish(batch.channel, batchText(this.#sender, batch.messages)).then(
        (receivers) => this.#settle(batch, receivers),
        (error: unknown) => this.#settle(batch, unreachable(hadNoEffect(error) ? "not-sent" : "unknown")),
      );
    }
  }

  /** Redis was lost. */
  fail(): void {
    for (const [, batch] of this.#unanswered.entries()) this.#settle(batch, unreachable("unknown"));
    const queue = this.#queue;
    this.#queue = [];
    this.#open = new Map();
    for (const batch of queue) {
      this.#unanswered.set(batch.number, batch);
      this.#settle(batch, unreachable("not-sent"));
    }
  }

  /** Resolves when nothing that was sent so far waits for Redis any more. */
  async answered(): Promise<void> {
    this.flush();
    if (this.#unanswered.size + this.#queue.length > 0)
      await new Promise<void>((resolve) => this.#whenAnswered.push(resolve));
  }

  #settle(batch: Batch, result: number | PangaeaError): void {
    if (!this.#unanswered.delete(batch.number)) return;
    this.#waitingLength -= batch.length;
    for (const sending of batch.sendings) sending.sent(result);
    if (this.#unanswered.size + this.#queue.length > 0) return;
    const waiters = this.#whenAnswered;
    this.#whenAnswered = [];
    for (const resolve of waiters) resolve();
  }
}
