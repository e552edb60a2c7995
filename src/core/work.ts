import type { CallContext } from "./context.js";
import type { Argument, Contract, EventDefinition } from "./contract.js";
import { errorOf, type ErrorDefinition } from "./error.js";
import type { ErrorMessage } from "./message.js";
import type { SagaReference } from "./module.js";
import type { InputOf } from "./schema.js";

/** An open transaction of a module's database. Valid only inside the callback of `Work.commit`. */
export interface Tx {
  /** Records an event in the same transaction; it is delivered after the commit, and only then. */
  emit<D extends EventDefinition>(event: D, payload: InputOf<D["payload"]>): void;
  /** Records a saga in the same transaction; its first step runs after the commit. Starting the same id again does nothing. */
  start<S>(saga: SagaReference<S>, id: string, state: S): void;
  /**
   * Records a call of another module in the same transaction. It is made after the commit, under an idempotency key of its
   * own, until it has succeeded, and is parked for a person where it is refused. Calls of one commit keep no order. Throws
   * `invalid_argument` where the input is none, and where the module does not require the contract.
   */
  send<C extends Contract, M extends keyof C["procedures"] & string>(
    contract: C,
    method: M,
    input: Argument<C, M>,
  ): void;
}

/**
 * A module's unit of work. State, events, sagas, the inbox row of a handled event and the stored reply of a keyed call
 * commit together or not at all.
 */
export abstract class Work {
  /**
   * Runs `change` in one short transaction and returns its result. A repeat under the same idempotency key does not run
   * it but returns the first result. A client call with `ctx` inside throws `failed_precondition`: a transaction must
   * not wait for another module.
   */
  abstract commit<T>(ctx: CallContext, change: (tx: Tx) => Promise<T>): Promise<T>;
}

export interface SagaResult {
  readonly status: "running" | "completed" | "compensated" | "parked";
  /** Why it was compensated or parked. */
  readonly failure: ErrorMessage | undefined;
}

/** A module's sagas, for handlers that want to wait for one. */
export abstract class Sagas {
  /**
   * Waits until the saga has come to its end, for `withinMs` milliseconds at most, and never longer than until shortly
   * before the deadline of `ctx`. If it has not, the status is `running` and the saga goes on by itself. Throws
   * `not_found` where no such saga was started.
   */
  abstract settled(saga: SagaReference<any>, id: string, ctx: CallContext, withinMs?: number): Promise<SagaResult>;
}

/** Publishes best-effort events outside of a transaction. At-least-once events go through `Tx.emit`. */
export abstract class Events {
  abstract publish<D extends EventDefinition>(event: D, payload: InputOf<D["payload"]>): void;
}

/** Refusals of the framework itself, with a reason like a contract's own. */
export const frameworkErrors = {
  IDEMPOTENCY_KEY_REUSED: {
    reason: "IDEMPOTENCY_KEY_REUSED",
    domain: "pangaea",
    code: "failed_precondition",
    status: 422,
    message: "This idempotency key was used before with another input.",
    details: undefined,
  },
  IDEMPOTENCY_KEY_REQUIRED: {
    reason: "IDEMPOTENCY_KEY_REQUIRED",
    domain: "pangaea",
    code: "invalid_argument",
    status: 400,
    message: "This request needs an Idempotency-Key header.",
    details: undefined,
  },
  BODY_TOO_LARGE: {
    reason: "BODY_TOO_LARGE",
    domain: "pangaea",
    code: "out_of_range",
    status: 413,
    message: "The body is larger than this server takes.",
    details: undefined,
  },
  UNSUPPORTED_MEDIA_TYPE: {
    reason: "UNSUPPORTED_MEDIA_TYPE",
    domain: "pangaea",
    code: "invalid_argument",
    status: 415,
    message: "The body must be a JSON object, with Content-Type: application/json.",
    details: undefined,
  },
  SAGA_NOT_FOUND: {
    reason: "SAGA_NOT_FOUND",
    domain: "pangaea",
    code: "not_found",
    status: 404,
    message: "No such saga was started.",
    details: undefined,
  },
  DEAD_LETTER_NOT_FOUND: {
    reason: "DEAD_LETTER_NOT_FOUND",
    domain: "pangaea",
    code: "not_found",
    status: 404,
    message: "There is no dead letter of this number.",
    details: undefined,
  },
  MODULE_NOT_FOUND: {
    reason: "MODULE_NOT_FOUND",
    domain: "pangaea",
    code: "not_found",
    status: 404,
    message: "This system has no such module, or it has no data.",
    details: undefined,
  },
  TEXT_NOT_STORABLE: {
    reason: "TEXT_NOT_STORABLE",
    domain: "pangaea",
    code: "invalid_argument",
    status: 400,
    message: "A text has the character U+0000, which the database cannot store.",
    details: undefined,
  },
  OPERATION_REFUSED: {
    reason: "OPERATION_REFUSED",
    domain: "pangaea",
    code: "failed_precondition",
    status: 409,
    message: "As things stand this cannot be done.",
    details: undefined,
  },
} as const satisfies Record<string, ErrorDefinition>;

/** Under this key a context's `local` says that its module's transaction is open. */
export const openTransaction = Symbol("open transaction");

/** The identity of a keyed call, under `keyedCall` in a context's `local`: made from the validated input before any handler can change it. */
export interface KeyedCall {
  readonly procedure: string;
  readonly principal: string;
  readonly key: string;
  readonly inputHash: string;
}
export const keyedCall = Symbol("keyed call");

/** What a keyed call was answered with. */
export type StoredReply = { readonly output: unknown } | { readonly error: ErrorMessage };

/** The answers of a module's keyed calls, for the layer that gives a repeat the same one. */
export interface Answers {
  /** The answer of an earlier call with this key; throws `IDEMPOTENCY_KEY_REUSED` where that had another input. */
  answerTo(keyed: KeyedCall): Promise<StoredReply | undefined>;
  keepAnswer(keyed: KeyedCall, answer: StoredReply): Promise<void>;
}

/**
 * Under this key a context's `local` says that the call was answered before the work it began had come to its end: a
 * repeat is to be answered anew, from what was committed.
 */
export const provisional = Symbol("provisional");

/** Under this key a context's `local` says that the call has committed something: what is bound to the call is bound. */
export const committed = Symbol("committed");

/** Under this key a context's `local` says that a dead letter is handled again: nobody counts, and its effect ends it. */
export const replaying = Symbol("replaying");

/** Under this key a context's `local` has what the handler of an event threw: its producer is told less. */
export const thrownError = Symbol("thrown error");

/** Thrown by `Work.commit` when the event being handled has already had its effect; the event's stack confirms it. */
export class AlreadyHandled extends Error {
  override name = "AlreadyHandled";
}

/** Refuses a client call from inside a transaction. */
export const refuseInTransaction = (service: string, method: string) =>
  errorOf(
    "failed_precondition",
    `${service}.${method} was called inside work.commit: call first and commit then, or start a saga in the commit.`,
    { outcome: "not-sent" },
  );
