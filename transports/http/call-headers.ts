import type { IncomingHttpHeaders } from "node:http";
import { copyJson, errorOf } from "../../src/core/index.js";

/** Holds, as base64url of JSON, what the Connect protocol has no header for. Anyone may leave it out. */
const callHeader = "pangaea-call";
const keyHeader = "idempotency-key";
const timeoutHeader = "connect-timeout-ms";
/** Context headers that proxies and other frameworks know too; others travel inside `pangaea-call`. */
const publicHeaders = ["traceparent", "tracestate", "baggage", "x-request-id"];

/** How long a call may take whose sender named no timeout, whatever the procedure: nothing waits for ever. */
const defaultTimeoutMs = 10_000;

/** What a server must accept in all headers of one request. */
export const maxHeaderBytes = 64 * 1024;

const refuse = (message: string): never => {
  throw errorOf("invalid_argument", message, { outcome: "not-executed" });
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function carriedBy(value: string | undefined): Record<string, unknown> {
  if (value === undefined) return {};
  try {
    // The copy leaves out `__proto__` keys; too deep a nesting throws as well.
    const carried: unknown = copyJson(JSON.parse(Buffer.from(value, "base64url").toString()));
    if (isObject(carried)) return carried;
  } catch {
    // Refused below, without repeating what was sent.
  }
  return refuse(`The header ${callHeader} is not base64url of a JSON object.`);
}

const textOf = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(", ") : value;

function timeoutOf(value: string | undefined): number {
  if (value === undefined) return defaultTimeoutMs;
  return /^\d{1,10}$/.test(value) ? Number(value) : refuse("Connect-Timeout-Ms must be up to ten digits.");
}

/**
 * What the headers of a request say about a call, for `callFrom` to check: nothing of it is believed here. Without
 * `pangaea-call` it is a request of an outside caller, taken for a mutation because that is the careful reading.
 */
export function fieldsFrom(received: IncomingHttpHeaders): Record<string, unknown> {
  const { headers = {}, ...carried } = carriedBy(textOf(received[callHeader]));
  const seen: Record<string, string> = {};
  for (const name of publicHeaders) {
    const value = textOf(received[name]);
    if (value !== undefined) seen[name] = value;
  }
  return {
    kind: "request",
    effect: "mutation",
    attempt: 1,
    caller: "external",
    ...carried,
    idempotencyKey: carried.idempotencyKey ?? textOf(received[keyHeader]),
    headers: isObject(headers) ? { ...headers, ...seen } : headers,
    remainingMs: timeoutOf(textOf(received[timeoutHeader])),
  };
}
