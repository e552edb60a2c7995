import {
  ByNumber,
  type Call,
  cancelText,
  errorFrom,
  errorOf,
  fieldsOf,
  isNumber,
  type PangaeaError,
  type Reply,
} from "../../src/core/index.js";
import { batchFrom, type Channels } from "./frames.js";
import type { Outgoing, Sending } from "./outgoing.js";

const maxAskedIds = 1_000;

const unknown = (message: string): PangaeaError => errorOf("unavailable", message, { outcome: "unknown" });

/** Where the calls of one connection go. */
export interface Target {
  readonly address: string;
  readonly inbox: string;
}

/** A call that waits for its reply. */
class PendingCall implements Sending {
  /** Stops listening to the caller's context. */
  forget: () => void = () => {};

  constructor(
    readonly id: number,
    readonly target: Target,
    /** How many questions had been asked when it was sent. */
    readonly since: number,
    readonly resolve: (reply: Reply) => void,
    readonly reject: (error: unknown) => void,
    private readonly pending: ByNumber<PendingCall>,
  ) {
    pending.set(id, this);
  }

  /** Takes it off the list; false where it has settled before. */
  take(): boolean {
    if (!this.pending.delete(this.id)) return false;
    this.forget();
    return true;
  }

  fail(error: unknown): void {
    if (this.take()) this.reject(error);
  }

  sent(result: number | PangaeaError): void {
    if (typeof result !== "number") this.fail(result);
    else if (result === 0) {
      this.fail(errorOf("unavailable", `Nobody listens at "${this.target.address}".`, { outcome: "not-sent" }));
    }
  }
}

/** Asks whoever works at an address which of these calls it still has. What nobody has, nobody will answer. */
class Question implements Sending {
  readonly #open: Set<PendingCall>;
  #expected: number | undefined;
  #answers = 0;

  constructor(calls: readonly PendingCall[]) {
    this.#open = new Set(calls);
  }

  sent(result: number | PangaeaError): void {
    if (typeof result !== "number") return;
    this.#expected = result;
    this.#conclude();
  }

  answer(held: ReadonlySet<unknown>): void {
    this.#answers++;
    for (const call of this.#open) if (held.has(call.id)) this.#open.delete(call);
    this.#conclude();
  }

  // An answer that is still out proves nothing: a callee whose event loop is blocked is not dead.
  #conclude(): void {
    if (this.#expected === undefined || this.#answers < this.#expected) return;
    for (const call of this.#open) call.fail(unknown(`The service at "${call.target.address}" has lost the call.`));
  }
}

/** The calls that one transport instance has made and that are not answered yet. */
export class Calls {
  readonly #outgoing: Outgoing;
  readonly #channels: Channels;
  readonly #pending = new ByNumber<PendingCall>();
  #questions = new Map<number, Question>();
  #lastId = 0;
  #asked = 0;

  constructor(outgoing: Outgoing, channels: Channels) {
    this.#outgoing = outgoing;
    this.#channels = channels;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Sends a call. Numbers rise in the order of sending: the callee relies on it. */
  call(target: Target, call: Call): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const { cancellation } = call.context;
      if (cancellation.reason !== undefined) throw cancellation.reason;
      const id = ++this.#lastId;
      const pending = new PendingCall(id, target, this.#asked, resolve, reject, this.#pending);
      pending.forget = cancellation.onCancel((reason) => this.#cancel(pending, reason));
      try {
        this.#outgoing.publishCall(target.inbox, id, call, pending);
      } catch (error) {
        pending.fail(error);
      }
    });
  }

  /** Gives up what waits for replies from `target`, or everything. */
  abandon(message: string, target?: Target): void {
    const error = unknown(message);
    for (const [, call] of this.#pending.entries()) {
      if (target === undefined || call.target === target) this.#cancel(call, error);
    }
  }

  /** The way back is lost, and with it every reply. */
  lose(): void {
    const error = unknown("Redis was lost before the reply came.");
    for (const [, call] of this.#pending.entries()) call.fail(error);
    this.#questions.clear();
  }

  /** Reads a text of the reply channel; false where part of it made no sense. */
  receive(text: string): boolean {
    const batch = batchFrom(text);
    if (batch === undefined) return false;
    let sound = true;
    for (const message of batch.messages) sound = this.#settle(message) && sound;
    return sound;
  }

  /** Asks after the calls that were under way the last time already. Called once a second. */
  ask(): void {
    this.#questions = new Map();
    const before = this.#asked++;
    const asked = new Map<string, PendingCall[]>();
    for (const [, call] of this.#pending.entries()) {
      // They stand in the order of their beginning.
      if (call.since >= before) break;
      const { address } = call.target;
      const calls = asked.get(address);
      if (calls === undefined) asked.set(address, [call]);
      else if (calls.length < maxAskedIds) calls.push(call);
    }
    for (const [address, calls] of asked) {
      const id = ++this.#lastId;
      const question = new Question(calls);
      this.#questions.set(id, question);
      const text = JSON.stringify({ ask: id, ids: calls.map((call) => call.id) });
      this.#outgoing.publish(this.#channels.alive(address), text, question);
    }
  }

  #cancel(call: PendingCall, reason: PangaeaError): void {
    call.fail(reason);
    this.#outgoing.publish(call.target.inbox, cancelText(call.id));
  }

  /** False where a message makes no sense. */
  #settle(message: unknown): boolean {
    if (Array.isArray(message)) {
      const [id, output] = message as unknown[];
      if (!isNumber(id)) return false;
      const call = this.#pending.get(id);
      // Late replies to calls that were given up are nothing unusual.
      if (call?.take() === true) call.resolve({ output });
      return true;
    }
    if (typeof message !== "object" || message === null) return false;
    const { id, error, ask, held } = fieldsOf(message);
    if (Array.isArray(held) && isNumber(ask)) this.#questions.get(ask)?.answer(new Set(held));
    else if (isNumber(id)) this.#pending.get(id)?.fail(errorFrom(error));
    else return false;
    return true;
  }
}
