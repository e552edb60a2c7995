import { type Code, isCode } from "./code.js";
import type { Call, Reply } from "./call.js";
import { Cancellation } from "./cancellation.js";
import type { Clock } from "./clock.js";
import { Context, type EventInfo, type Principal } from "./context.js";
import type { Effect } from "./contract.js";
import { errorOf, isError, type Outcome, PangaeaError, withFields } from "./error.js";
import type { Json } from "./json.js";

/** A call as data, for transports that encode. The deadline crosses as the milliseconds that remain. */
export interface CallMessage {
  readonly kind: "request" | "event";
  readonly service: string;
  readonly version: number;
  readonly method: string;
  readonly input: unknown;
  readonly effect: Effect;
  readonly attempt: number;
  readonly caller: string;
  readonly remainingMs: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly principal?: Principal;
  readonly idempotencyKey?: string;
  readonly event?: Omit<EventInfo, "method">;
}

export interface ErrorMessage {
  readonly code: Code;
  readonly message: string;
  readonly outcome: Outcome;
  readonly retryable: boolean;
  readonly reason?: string;
  readonly domain?: string;
  readonly details?: Json;
}

/** Turns a call into data; the other side gets it back with `callFrom`. */
export const messageOf = (call: Call): CallMessage => ({
  kind: call.kind,
  service: call.service,
  version: call.version,
  method: call.method,
  input: call.input,
  effect: call.effect,
  attempt: call.attempt,
  caller: call.caller,
  remainingMs: call.context.remainingMs(),
  headers: call.context.headers,
  principal: call.context.principal,
  idempotencyKey: call.context.idempotencyKey,
  event: call.context.event,
});

const isText = (value: unknown): value is string => typeof value === "string";
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const effects: readonly unknown[] = ["read", "idempotent", "mutation"];

const maxRemainingMs = 24 * 60 * 60 * 1000;

const refuse = (what: string): never => {
  throw errorOf("invalid_argument", `Malformed call: ${what}.`, { outcome: "not-executed" });
};

/** What many calls have in common: the same caller asks for the same procedure. A wire may send it once. */
export type CallHead = Pick<CallMessage, "kind" | "service" | "version" | "method" | "effect" | "attempt" | "caller">;

/** Checks the common part of a received call. Throws `invalid_argument`. */
export function headFrom(message: unknown): CallHead {
  if (!isObject(message)) return refuse("not an object");
  const { kind, service, version, method, effect, attempt, caller } = message;
  if (kind !== "request" && kind !== "event") return refuse("kind");
  if (!isText(service) || !isText(method) || !isText(caller)) return refuse("service, method and caller must be text");
  if (!effects.includes(effect)) refuse("effect");
  if (!Number.isInteger(version) || !Number.isInteger(attempt)) refuse("version and attempt must be whole numbers");
  return {
    kind,
    service,
    version: version as number,
    method,
    effect: effect as Effect,
    attempt: attempt as number,
    caller,
  };
}

function checkTexts(value: unknown): void {
  if (!isObject(value)) refuse("headers");
  // No array of them is made: this runs for every call that arrives.
  const texts = value as Record<string, unknown>;
  for (const name in texts) if (!isText(texts[name])) refuse("headers");
}

const isPrincipal = (value: unknown): value is Principal =>
  isObject(value) && isText(value.id) && Array.isArray(value.scopes) && value.scopes.every(isText);

const isPlace = (value: unknown): boolean => value === undefined || Number.isSafeInteger(value);

const isEvent = (value: unknown): value is NonNullable<CallMessage["event"]> =>
  isObject(value) && isText(value.id) && isText(value.key) && isPlace(value.position) && isPlace(value.floor);

/**
 * Checks what a received call has of its own and makes it a call with a context of its own. `head` has been checked.
 * Throws `invalid_argument`.
 */
export function callOf(head: CallHead, message: Readonly<Record<string, unknown>>, clock: Clock): Call {
  const { remainingMs, headers, principal, idempotencyKey, event } = message;
  if (typeof remainingMs !== "number" || !(remainingMs >= 0 && remainingMs <= maxRemainingMs))
    return refuse("remainingMs");
  if (headers !== undefined) checkTexts(headers);
  if (idempotencyKey !== undefined && !isText(idempotencyKey)) refuse("idempotencyKey");
  if (event !== undefined && !isEvent(event)) return refuse("event");
  if (principal !== undefined && !isPrincipal(principal)) refuse("principal");
  return {
    kind: head.kind,
    service: head.service,
    version: head.version,
    method: head.method,
    input: message.input,
    effect: head.effect,
    attempt: head.attempt,
    caller: head.caller,
    context: Context.of({
      clock,
      deadline: clock.now() + remainingMs,
      headers: headers as Record<string, string> | undefined,
      principal: principal as Principal | undefined,
      idempotencyKey: idempotencyKey as string | undefined,
      event: event && {
        id: event.id,
        key: event.key,
        method: head.method,
        position: event.position,
        floor: event.floor,
      },
      cancellation: new Cancellation(),
    }),
  };
}

/**
 * Checks a received message and makes it a call with a context of its own. Throws `invalid_argument` where it is not
 * one: what comes from a wire is never believed.
 */
export const callFrom = (message: unknown, clock: Clock): Call =>
  callOf(headFrom(message), message as Record<string, unknown>, clock);

/** An error as data. What is not Pangaea's own becomes `internal` and says nothing of its cause. */
export function errorMessageOf(error: unknown): ErrorMessage {
  if (!isError(error)) {
    return { code: "internal", message: "The service failed.", outcome: "failed", retryable: false };
  }
  return {
    code: error.code,
    message: error.message,
    outcome: error.outcome,
    retryable: error.retryable,
    reason: error.reason,
    domain: error.domain,
    details: error.details as Json | undefined,
  };
}

const outcomes: readonly unknown[] = ["not-sent", "not-executed", "failed", "unknown"];

/** Makes a received error throwable again. */
export function errorFrom(message: unknown): PangaeaError {
  const fields: Record<string, unknown> = isObject(message) ? message : {};
  return new PangaeaError({
    code: isCode(fields.code) ? fields.code : "unknown",
    message: isText(fields.message) ? fields.message : "The other side sent an error that could not be read.",
    outcome: outcomes.includes(fields.outcome) ? (fields.outcome as Outcome) : "unknown",
    retryable: fields.retryable === true,
    reason: isText(fields.reason) ? fields.reason : undefined,
    domain: isText(fields.domain) ? fields.domain : undefined,
    details: fields.details,
  });
}

/** Any thrown value as an error of ours, with `outcome` where it does not say better itself. */
export const asError = (thrown: unknown, code: Code, message: string, outcome: Outcome): PangaeaError =>
  isError(thrown) ? thrown : errorOf(code, message, { outcome, cause: thrown });

export type ReplyMessage = { readonly output: unknown; readonly error?: undefined } | { readonly error: ErrorMessage };

/** A received reply, or the error it carries thrown. */
export function replyFrom(message: unknown): Reply {
  if (!isObject(message))
    throw errorOf("unknown", "The other side sent a reply that could not be read.", { outcome: "unknown" });
  if (message.error !== undefined) throw errorFrom(message.error);
  return { output: message.output };
}

/** Marks an error that came from one hop further away: its code is kept where it says something of this call too. */
export const notRetryable = (error: PangaeaError): PangaeaError =>
  error.retryable ? withFields(error, { retryable: false }) : error;
