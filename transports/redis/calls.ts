import { type Call, type Clock, errorOf, type PangaeaError, type Reply, replyFrom } from "../../src/core/index.js";
import { batchFrom, cancelText, type Channels, fieldsOf, isNumber, requestText } from "./frames.js";
import type { Outgoing, Sending } from "./outgoing.js";

/** A call is asked after once it has been under way for this long. */
const askAfterMs = 1_000;
const maxAskedIds = 1_000;

const unknown = (message: string): PangaeaError => errorOf("unavailable", message, { outcome: "unknown" });

interface PendingFields {
  readonly id: number;
  readonly address: string;
  /** The connection that it belongs to. */
  readonly owner: object;
  /** When it was sent. */
  readonly since: number;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
}

/** A call that waits for its reply. */
class PendingCall implements Sending {
  readonly fields: PendingFields;
  readonly #pending: Map<number, PendingCall>;
  /** Stops listening to the caller's context. */
  forget: () => void = () => {};

  constructor(fields: PendingFields, pending: Map<number, PendingCall>) {
    this.fields = fields;
    this.#pending = pending;
    pending.set(fields.id, this);
  }

  /** Takes it off the list; false where it has settled before. */
  take(): boolean {
    if (!this.#pending.delete(this.fields.id)) return false;
    this.forget();
    return true;
  }

  fail(error: unknown): void {
    if (this.take()) this.fields.reject(error);
  }

  sent(result: number | PangaeaError): void {
    if (typeof result !== "number") this.fail(result);
    else if (result === 0) {
      this.fail(errorOf("unavailable", `Nobody listens at "${this.fields.address}".`, { outcome: "not-sent" }));
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
    for (const call of this.#open) if (held.has(call.fields.id)) this.#open.delete(call);
    this.#conclude();
  }

  // An answer that is still out proves nothing: a callee whose event loop is blocked is not dead.
  #conclude(): void {
    if (this.#expected === undefined || this.#answers < this.#expected) return;
    for (const call of this.#open) call.fail(unknown(`The service at "${call.fields.address}" has lost the call.`));
  }
}

/** The calls that one transport instance has made and that are not answered yet. */
export class Calls {
  readonly #outgoing: Outgoing;
  readonly #channels: Channels;
  readonly #clock: Clock;
  readonly #pending = new Map<number, PendingCall>();
  #questions = new Map<number, Question>();
  #lastId = 0;

  constructor(outgoing: Outgoing, channels: Channels, clock: Clock) {
    this.#outgoing = outgoing;
    this.#channels = channels;
    this.#clock = clock;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Sends a call on behalf of `owner`. Numbers rise in the order of sending: the callee relies on it. */
  call(owner: object, address: string, call: Call): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const { reason } = call.context.cancellation;
      if (reason !== undefined) throw reason;
      const id = ++this.#lastId;
      const text = requestText(id, call);
      const pending = new PendingCall({ id, address, owner, since: this.#clock.now(), resolve, reject }, this.#pending);
      pending.forget = call.context.cancellation.onCancel((reason) => this.#cancel(pending, reason));
      this.#outgoing.publish(this.#channels.inbox(address), text, pending);
    });
  }

  /** Gives up what `owner` waits for, or everything. */
  abandon(message: string, owner?: object): void {
    const error = unknown(message);
    for (const call of this.#pending.values()) {
      if (owner === undefined || call.fields.owner === owner) this.#cancel(call, error);
    }
  }

  /** The way back is lost, and with it every reply. */
  lose(): void {
    const error = unknown("Redis was lost before the reply came.");
    for (const call of this.#pending.values()) call.fail(error);
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

  /** Asks after the calls that are under way for long. Called once a second. */
  ask(): void {
    this.#questions = new Map();
    const before = this.#clock.now() - askAfterMs;
    const asked = new Map<string, PendingCall[]>();
    for (const call of this.#pending.values()) {
      // They stand in the order of their beginning.
      if (call.fields.since > before) break;
      const { address } = call.fields;
      const calls = asked.get(address);
      if (calls === undefined) asked.set(address, [call]);
      else if (calls.length < maxAskedIds) calls.push(call);
    }
    for (const [address, calls] of asked) {
      const id = ++this.#lastId;
      const question = new Question(calls);
      this.#questions.set(id, question);
      const text = JSON.stringify({ ask: id, ids: calls.map(({ fields }) => fields.id) });
      this.#outgoing.publish(this.#channels.alive(address), text, question);
    }
  }

  #cancel(call: PendingCall, reason: PangaeaError): void {
    call.fail(reason);
    this.#outgoing.publish(this.#channels.inbox(call.fields.address), cancelText(call.fields.id));
  }

  #settle(message: unknown): boolean {
    const fields = fieldsOf(message);
    if (fields === undefined) return false;
    if (Array.isArray(fields.held) && isNumber(fields.ask)) {
      this.#questions.get(fields.ask)?.answer(new Set(fields.held));
      return true;
    }
    if (!isNumber(fields.id)) return false;
    const call = this.#pending.get(fields.id);
    // Late replies to calls that were given up are nothing unusual.
    if (call === undefined || !call.take()) return true;
    try {
      call.fields.resolve(replyFrom(message));
    } catch (error) {
      call.fields.reject(error);
    }
    return true;
  }
}
