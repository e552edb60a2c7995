import type { Call, Reply } from "./call.js";
import type { Context } from "./context.js";
import { errorOf, type PangaeaError, withFields } from "./error.js";
import type { Clock } from "./clock.js";
import { asError, type CallHead, callOf, errorMessageOf } from "./message.js";

/**
 * Calls and replies as messages between processes, for transports that send text. A caller sends
 *
 * - `{"head":3,"is":{…}}`: from now on 3 stands for what these calls have in common;
 * - `[id, head, remainingMs, headers or 0, {principal, idempotencyKey, event} or 0, input]`: a call, `input` left out
 *   where there is none;
 * - `{"cancel":id}`: nobody waits for that call any more;
 *
 * and gets `[id, output]` or `{"id":…,"error":{…}}`.
 */
export const cancelText = (id: number): string => `{"cancel":${id}}`;

/** The fields of a message that is not a list. Throws where it is neither. */
export function fieldsOf(message: unknown): Readonly<Record<string, unknown>> {
  if (typeof message !== "object" || message === null)
    throw new Error("a message that is neither a list nor an object");
  return message as Readonly<Record<string, unknown>>;
}

/** Whether `value` may be the number of a call or of a head. */
export const isNumber = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

// Most texts are short: only those that could be too large are measured.
const isTooLarge = (text: string, maxBytes: number): boolean =>
  text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes;

const carriedBy = ({ principal, idempotencyKey, event }: Context): string =>
  principal === undefined && idempotencyKey === undefined && event === undefined
    ? "0"
    : JSON.stringify({ principal, idempotencyKey, event: event && { ...event, method: undefined } });

/** What a call carries of its own, without its number and deadline. Throws where it cannot be sent. */
export function callText({ context, input }: Call, maxBytes: number): string {
  let text = `${JSON.stringify(context.headers)},${carriedBy(context)}`;
  try {
    const inputText = JSON.stringify(input);
    if (inputText !== undefined) text += `,${inputText}`;
  } catch (cause) {
    throw errorOf("invalid_argument", "The input cannot be written as JSON.", { outcome: "not-sent", cause });
  }
  if (isTooLarge(text, maxBytes)) throw tooLarge("The call", maxBytes, "not-sent");
  return text;
}

/** The call that `body` was made from, ready to be sent. */
export const numbered = (id: number, head: number, remainingMs: number, body: string): string =>
  `[${id},${head},${Math.floor(remainingMs)},${body}]`;

const noFields: Readonly<Record<string, unknown>> = {};

/** The call of a received list, whose head is known. Throws `invalid_argument`. */
export function callFromList(message: readonly unknown[], head: CallHead, clock: Clock): Call {
  const [, , remainingMs, headers, carried, input] = message;
  const { principal, idempotencyKey, event } = carried === 0 ? noFields : fieldsOf(carried);
  const fields = { remainingMs, headers: headers === 0 ? undefined : headers, principal, idempotencyKey, event };
  return callOf(head, { ...fields, input }, clock);
}

/** A reply; one that cannot be sent becomes the error that says so. */
export function replyText(id: number, { output }: Reply, maxBytes: number): string {
  let text: string;
  try {
    const outputText = JSON.stringify(output);
    text = outputText === undefined ? `[${id}]` : `[${id},${outputText}]`;
  } catch (cause) {
    return errorText(id, asError(cause, "internal", "The reply cannot be written as JSON.", "failed"), maxBytes);
  }
  return isTooLarge(text, maxBytes) ? errorText(id, tooLarge("The reply", maxBytes, "failed"), maxBytes) : text;
}

/** An error, without what it may not tell. */
export function errorText(id: number, error: unknown, maxBytes: number): string {
  let text: string;
  try {
    text = JSON.stringify({ id, error: errorMessageOf(error) });
  } catch {
    return errorText(id, withFields(error as PangaeaError, { details: undefined }), maxBytes);
  }
  if (!isTooLarge(text, maxBytes)) return text;
  const { outcome } = errorMessageOf(error);
  return JSON.stringify({ id, error: errorMessageOf(tooLarge("The error", maxBytes, outcome)) });
}

const tooLarge = (what: string, maxBytes: number, outcome: PangaeaError["outcome"]): PangaeaError =>
  errorOf("resource_exhausted", `${what} is larger than ${maxBytes} bytes.`, { outcome, retryable: false });

/** As many heads as one side remembers; after that it begins anew. */
export const maxHeads = 1_024;

/** Numbers the heads of the calls that go out on one connection, or in one batch. */
export class HeadNumbers {
  /** By method, because that has its hash already; the rest is compared. */
  #known = new Map<string, { readonly head: CallHead; readonly number: number }[]>();
  #count = 0;

  /** The number of a call's head; a new one is announced first. */
  numberOf(call: Call, announce: (text: string) => void): number {
    const { kind, service, version, method, effect, attempt, caller } = call;
    let entries = this.#known.get(method);
    if (entries !== undefined) {
      for (const { head, number } of entries) {
        if (
          head.service === service &&
          head.caller === caller &&
          head.version === version &&
          head.kind === kind &&
          head.effect === effect &&
          head.attempt === attempt
        ) {
          return number;
        }
      }
    }
    if (this.#count === maxHeads) {
      this.#known.clear();
      this.#count = 0;
      entries = undefined;
    }
    const head = { kind, service, version, method, effect, attempt, caller };
    const number = this.#count++;
    if (entries === undefined) this.#known.set(method, [{ head, number }]);
    else entries.push({ head, number });
    announce(JSON.stringify({ head: number, is: head }));
    return number;
  }
}
