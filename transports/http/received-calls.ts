import {
  ByNumber,
  type Call,
  callFromList,
  type CallHead,
  type Cancellation,
  type Clock,
  errorOf,
  errorText,
  fieldsOf,
  type Handler,
  headFrom,
  isNumber,
  maxHeads,
  type PangaeaError,
  replyText,
} from "../../src/core/index.js";
import type { Activity } from "./activity.js";
import { pongText } from "./messages.js";

/** What a server needs to handle the messages of its callers. */
export interface ServerParts {
  readonly handler: Handler;
  readonly clock: Clock;
  readonly activity: Activity;
  readonly maxMessageBytes: number;
}

export interface ReceivedCallsOptions extends ServerParts {
  /** Sends a message back. */
  send(text: string): void;
  /** A call has left the list of those that run. */
  onSettled(): void;
  /** Somebody asks that a call be given up. */
  onCancel(id: number): void;
}

/** The calls that came in over one connection, or in one batch, each answered as soon as its handler settles. */
export class ReceivedCalls {
  readonly #options: ReceivedCallsOptions;
  readonly #heads: CallHead[] = [];
  readonly #running = new ByNumber<Cancellation>();

  constructor(options: ReceivedCallsOptions) {
    this.#options = options;
  }

  /** Calls for whose answer somebody waits. */
  get size(): number {
    return this.#running.size;
  }

  /** Handles one message. Throws where it makes no sense, and the sender with it. */
  take(message: unknown): void {
    if (Array.isArray(message)) {
      this.#takeCall(message);
      return;
    }
    const { head, is, cancel, ping } = fieldsOf(message);
    if (isNumber(head)) {
      if (head >= maxHeads) throw new Error("a head whose number is too high");
      this.#heads[head] = headFrom(is);
    } else if (isNumber(cancel)) this.#options.onCancel(cancel);
    else if (ping === true) this.#options.send(pongText);
    // A later version may say more, which is not needed to understand the rest.
  }

  /** Nobody waits for this call any more. */
  cancel(id: number, reason?: PangaeaError): void {
    const cancellation = this.#running.get(id);
    if (cancellation === undefined) return;
    this.#running.delete(id);
    cancellation.cancel(reason);
    this.#options.onSettled();
  }

  /** Nobody waits for any of them. */
  abandon(): void {
    const reason = errorOf("canceled", "The caller went away.", { outcome: "unknown" });
    for (const [id] of this.#running.entries()) this.cancel(id, reason);
  }

  #takeCall(message: readonly unknown[]): void {
    const { activity, clock, maxMessageBytes, send } = this.#options;
    const [id, number] = message;
    const head = this.#heads[number as number];
    if (!isNumber(id) || this.#running.has(id)) throw new Error("a call without a number of its own");
    if (head === undefined) throw new Error("a call whose head is not known");
    let call: Call;
    try {
      if (activity.draining) throw errorOf("unavailable", "The server is shutting down.", { outcome: "not-executed" });
      call = callFromList(message, head, clock);
    } catch (error) {
      send(errorText(id, error, maxMessageBytes));
      return;
    }
    this.#run(id, call);
  }

  #run(id: number, call: Call): void {
    const { activity, handler, maxMessageBytes } = this.#options;
    this.#running.set(id, call.context.cancellation);
    activity.begin();
    const failed = (error: unknown) => this.#settle(id, () => errorText(id, error, maxMessageBytes));
    try {
      handler(call).then((reply) => this.#settle(id, () => replyText(id, reply, maxMessageBytes)), failed);
    } catch (error) {
      failed(error);
    }
  }

  #settle(id: number, text: () => string): void {
    const { activity, send, onSettled } = this.#options;
    if (this.#running.has(id)) {
      send(text());
      this.#running.delete(id);
      onSettled();
    }
    activity.end();
  }
}
