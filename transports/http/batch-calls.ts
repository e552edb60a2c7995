import type { Dispatcher } from "undici";
import { ByNumber, cancelText, errorOf, HeadNumbers, numbered, type PangaeaError } from "../../src/core/index.js";
import { decodeError } from "./connect-protocol.js";
import { callerHeader, callsPath, limitHeader } from "./form.js";
import { batchOf, createFrameReader } from "./frames.js";
import { messagesOf } from "./messages.js";
import { type CallQueue, type Carrier, lost, notSent, type OutgoingCall, settleFrom } from "./outgoing-calls.js";

/** A larger body of many calls is written to disk by some proxies. In characters. */
const maxBodyLength = 8 * 1024;
const maxErrorBytes = 64 * 1024;

export interface BatchCallsOptions {
  readonly address: string;
  readonly dispatcher: Dispatcher;
  /** How many batches may be under way. */
  readonly connections: number;
  /** A name that no other caller has. */
  readonly caller: string;
  readonly maxMessageBytes: number;
  readonly maxFrameBytes: number;
  /** Another batch may be sent. */
  onFree(): void;
}

/** The caller's side where the connection cannot be upgraded: all calls of one tick are the body of one POST. */
export class BatchCalls {
  readonly #options: BatchCallsOptions;
  readonly #batches = new Set<Batch>();
  /** Calls that were given up and that a batch with others still carries. */
  #cancels: number[] = [];

  constructor(options: BatchCallsOptions) {
    this.#options = options;
  }

  /** Calls that wait for their reply. */
  get pending(): number {
    let sum = 0;
    for (const batch of this.#batches) sum += batch.pending;
    return sum;
  }

  /** Sends as much of the queue as there is room for. */
  send(queue: CallQueue): void {
    while (this.#batches.size < this.#options.connections) {
      const batch = new Batch(this.#options, {
        cancelLater: (id) => {
          this.#cancels.push(id);
          this.#options.onFree();
        },
        onEnd: () => {
          this.#batches.delete(batch);
          this.#options.onFree();
        },
      });
      const body = batch.fill(this.#cancels, queue);
      this.#cancels = [];
      if (body === undefined) return;
      this.#batches.add(batch);
      batch.post(body);
    }
  }

  /** Ends what is under way at once. */
  cut(): void {
    for (const batch of this.#batches) batch.cut();
  }
}

/** One POST. */
class Batch implements Carrier {
  readonly #options: BatchCallsOptions;
  readonly #listener: { cancelLater(id: number): void; onEnd(): void };
  readonly #pending = new ByNumber<OutgoingCall>();
  #abort: ((reason: Error) => void) | undefined;
  #unwanted = false;

  constructor(options: BatchCallsOptions, listener: { cancelLater(id: number): void; onEnd(): void }) {
    this.#options = options;
    this.#listener = listener;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** Takes calls from the queue; gives back the body, or undefined where there is nothing to send. */
  fill(cancels: readonly number[], queue: CallQueue): string | undefined {
    const heads = new HeadNumbers();
    const texts = cancels.map(cancelText);
    let length = 0;
    for (let next = queue.peek(); next !== undefined; next = queue.peek()) {
      length += next.body.length;
      if (this.#pending.size > 0 && length > maxBodyLength) break;
      queue.drop();
      next.carrier = this;
      this.#pending.set(next.id, next);
      const head = heads.numberOf(next.call, (text) => texts.push(text));
      texts.push(numbered(next.id, head, next.call.context.remainingMs(), next.body));
    }
    return texts.length === 0 ? undefined : batchOf(texts.join(","));
  }

  cancel({ id }: OutgoingCall): void {
    if (!this.#pending.delete(id)) return;
    if (this.#pending.size > 0) this.#listener.cancelLater(id);
    else this.cut();
  }

  cut(): void {
    this.#unwanted = true;
    const { address } = this.#options;
    this.#fail(this.#abort === undefined ? notSent(address) : lost(address));
    this.#abort?.(new Error("Nobody waits for the answer."));
  }

  post(body: string): void {
    const { address, dispatcher, caller, maxMessageBytes, maxFrameBytes } = this.#options;
    let status = 0;
    const error: Buffer[] = [];
    let errorBytes = 0;
    const read = createFrameReader(maxFrameBytes, (text) => {
      for (const message of messagesOf(text)) {
        const id = settleFrom(message, this.#pending);
        if (id !== undefined) this.#pending.delete(id);
      }
    });
    const headers = {
      "content-type": "application/json",
      [callerHeader]: caller,
      [limitHeader]: String(maxMessageBytes),
    };
    dispatcher.dispatch(
      { path: callsPath, method: "POST", headers, body },
      {
        // Called when a connection is there and the next thing to happen is the writing of the request: before it
        // nothing was sent, after it nobody knows.
        onRequestStart: (controller) => {
          // Throwing, unlike aborting, leaves the connection to the next batch.
          if (this.#unwanted) throw new Error("The calls were given up before they were sent.");
          this.#abort = (reason) => controller.abort(reason);
        },
        onResponseStart: (_controller, received, fields) => {
          status = received;
          if (received !== 200 || fields["content-type"] === "application/octet-stream") return;
          this.#fail(errorOf("unknown", "The answer is none to a batch of calls.", { outcome: "unknown" }));
          this.cut();
        },
        onResponseData: (_controller, chunk) => {
          if (status === 200) read(chunk);
          else if ((errorBytes += chunk.length) <= maxErrorBytes) error.push(chunk);
        },
        onResponseEnd: () => {
          this.#fail(status === 200 ? lost(address) : decodeError(status, Buffer.concat(error)));
          this.#listener.onEnd();
        },
        onResponseError: (_controller, cause) => {
          this.#fail(this.#abort === undefined ? notSent(address, cause) : lost(address, cause));
          this.#listener.onEnd();
        },
      },
    );
  }

  #fail(error: PangaeaError): void {
    const pending = this.#pending.entries();
    this.#pending.clear();
    for (const [, call] of pending) call.fail(error);
  }
}
