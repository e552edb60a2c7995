import {
  type ByNumber,
  type Call,
  errorFrom,
  errorOf,
  fieldsOf,
  isNumber,
  type PangaeaError,
  type Reply,
} from "../../src/core/index.js";

/** What a call was handed to; hears when its caller gives up. */
export interface Carrier {
  cancel(call: OutgoingCall): void;
}

/** A call that its caller waits for. Settles exactly once. */
export class OutgoingCall {
  readonly id: number;
  readonly call: Call;
  /** Its text, apart from number, head and deadline. */
  readonly body: string;
  /** Whoever has sent it; undefined while it waits to be sent. */
  carrier: Carrier | undefined;
  settled = false;
  readonly #resolve: (reply: Reply) => void;
  readonly #reject: (error: unknown) => void;
  readonly #onCancel = (reason: PangaeaError): void => {
    this.fail(reason);
    this.carrier?.cancel(this);
  };

  constructor(id: number, call: Call, body: string, resolve: (reply: Reply) => void, reject: (error: unknown) => void) {
    this.id = id;
    this.call = call;
    this.body = body;
    this.#resolve = resolve;
    this.#reject = reject;
    call.context.cancellation.listen(this.#onCancel);
  }

  succeed(output: unknown): void {
    if (this.settled) return;
    this.settled = true;
    this.call.context.cancellation.unlisten(this.#onCancel);
    this.#resolve({ output });
  }

  fail(error: unknown): void {
    if (this.settled) return;
    this.settled = true;
    this.call.context.cancellation.unlisten(this.#onCancel);
    this.#reject(error);
  }
}

/** The calls that wait to be sent, in their order. */
export class CallQueue {
  #calls: OutgoingCall[] = [];
  #next = 0;
  #length = 0;

  /** Characters that wait. */
  get length(): number {
    return this.#length;
  }

  get size(): number {
    return this.#calls.length - this.#next;
  }

  push(call: OutgoingCall): void {
    this.#calls.push(call);
    this.#length += call.body.length;
  }

  /** The next call that somebody still waits for, left where it is. */
  peek(): OutgoingCall | undefined {
    while (this.#next < this.#calls.length) {
      const call = this.#calls[this.#next]!;
      if (!call.settled) return call;
      this.drop();
    }
    return undefined;
  }

  /** Takes away what `peek` has shown. */
  drop(): void {
    this.#length -= this.#calls[this.#next]!.body.length;
    if (++this.#next < this.#calls.length) return;
    this.#calls = [];
    this.#next = 0;
  }

  fail(error: PangaeaError): void {
    for (let call = this.peek(); call !== undefined; call = this.peek()) {
      this.drop();
      call.fail(error);
    }
  }
}

/** Settles the call that a received message is about; gives back its number, or undefined where it is about none. */
export function settleFrom(message: unknown, pending: ByNumber<OutgoingCall>): number | undefined {
  if (Array.isArray(message)) {
    const id: unknown = message[0];
    if (!isNumber(id)) throw new Error("a reply without a number");
    pending.get(id)?.succeed(message[1]);
    return id;
  }
  const { id, error } = fieldsOf(message);
  if (!isNumber(id)) return undefined;
  pending.get(id)?.fail(errorFrom(error));
  return id;
}

export const notSent = (address: string, cause?: unknown): PangaeaError =>
  errorOf("unavailable", `Nobody answers at ${address}.`, { outcome: "not-sent", cause });

export const lost = (address: string, cause?: unknown): PangaeaError =>
  errorOf("unavailable", `The connection to ${address} was lost during the call.`, { outcome: "unknown", cause });
