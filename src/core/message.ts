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
  readonly event?: Pick<EventInfo, "id" | "key">;
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

/**
 * Checks a received message and makes it a call with a context of its own. Throws `invalid_argument` where it is not
 * one: what comes from a wire is never believed.
 */
export function callFrom(message: unknown, clock: Clock): Call {
  const refuse = (what: string): never => {
    throw errorOf("invalid_argument", `Malformed call: ${what}.`, { outcome: "not-executed" });
  };
  if (!isObject(message)) return refuse("not an object");
  const {
    kind,
    service,
    version,
    method,
    effect,
    attempt,
    caller,
    remainingMs,
    headers,
    principal,
    idempotencyKey,
    event,
  } = message;
  if (kind !== "request" && kind !== "event") refuse("kind");
  if (!isText(service) || !isText(method) || !isText(caller)) return refuse("service, method and caller must be text");
  if (!effects.includes(effect)) refuse("effect");
  if (!Number.isInteger(version) || !Number.isInteger(attempt)) refuse("version and attempt must be whole numbers");
  if (typeof remainingMs !== "number" || !(remainingMs >= 0 && remainingMs <= maxRemainingMs))
    return refuse("remainingMs");
  if (headers !== undefined && !(isObject(headers) && Object.values(headers).every(isText))) refuse("headers");
  if (idempotencyKey !== undefined && !isText(idempotencyKey)) refuse("idempotencyKey");
  if (event !== undefined && !(isObject(event) && isText(event.id) && isText(event.key))) refuse("event");
  const scopes = isObject(principal) ? principal.scopes : undefined;
  if (
    principal !== undefined &&
    !(isObject(principal) && isText(principal.id) && Array.isArray(scopes) && scopes.every(isText))
  ) {
    refuse("principal");
  }
  return {
    kind: kind as Call["kind"],
    service,
    version: version as number,
    method,
    input: message.input,
    effect: effect as Effect,
    attempt: attempt as number,
    caller,
    context: new Context({
      clock,
      deadline: clock.now() + remainingMs,
      headers: headers as Record<string, string> | undefined,
      principal: principal as Principal | undefined,
      idempotencyKey: idempotencyKey as string | undefined,
      event: isObject(event) ? { id: event.id as string, key: event.key as string, method } : undefined,
      cancellation: new Cancellation(),
    }),
  };
}

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
