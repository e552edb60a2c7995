import {
  asError,
  type Call,
  errorMessageOf,
  errorOf,
  messageOf,
  type PangaeaError,
  type Reply,
  withFields,
} from "../../src/core/index.js";

/** The largest message in bytes; larger values go by reference. */
export const maxMessageBytes = 1024 * 1024;

/**
 * Names of channels. Parts are escaped, so that no address can reach into another's channels. What stands in braces
 * decides where a cluster keeps a channel: all channels of an address are together, so that their messages keep their order.
 */
export interface Channels {
  /** Calls to an address; subscribed for as long as it takes new ones. */
  inbox(address: string): string;
  /** Questions about calls that an address still works on; subscribed until the last is answered. */
  alive(address: string): string;
  /** Replies to one transport instance. */
  reply(instance: string): string;
  /** Best-effort events of one topic of an address. */
  event(address: string, topic: string): string;
}

const encode = encodeURIComponent;

/** The channels of one namespace; others on the same Redis do not meet them. */
export function channelsOf(namespace: string): Channels {
  const name = (kind: string, owner: string) => `pangaea:${encode(namespace)}:${kind}:{${encode(owner)}}`;
  return {
    inbox: (address) => name("inbox", address),
    alive: (address) => name("alive", address),
    reply: (instance) => name("reply", instance),
    event: (address, topic) => `${name("event", address)}:${encode(topic)}`,
  };
}

/** What one PUBLISH brought: who sent it, and the messages, unchecked. */
export interface Batch {
  readonly sender: string;
  readonly messages: readonly unknown[];
}

/** Joins encoded messages into the text of one PUBLISH. */
export const batchText = (sender: string, messages: readonly string[]): string =>
  `[${JSON.stringify(sender)},${messages.join(",")}]`;

/** Reads a PUBLISH; undefined where it is none of ours. */
export function batchFrom(text: string): Batch | undefined {
  try {
    const messages = JSON.parse(text) as unknown[];
    const sender = messages.shift();
    return typeof sender === "string" && sender.length <= 100 ? { sender, messages } : undefined;
  } catch {
    return undefined;
  }
}

/** The fields of a received message, or undefined where it is not an object. */
export const fieldsOf = (message: unknown): Record<string, unknown> | undefined =>
  typeof message === "object" && message !== null ? (message as Record<string, unknown>) : undefined;

/** Whether `value` may be the number of a call or of a question. */
export const isNumber = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;

// Most texts are short: only those that could be too large are measured.
const isTooLarge = (text: string): boolean =>
  text.length * 3 > maxMessageBytes && Buffer.byteLength(text) > maxMessageBytes;

/** A request as text. Throws where it cannot be sent. */
export function requestText(id: number, call: Call): string {
  let text: string;
  try {
    text = JSON.stringify({ id, call: messageOf(call) });
  } catch (cause) {
    throw errorOf("invalid_argument", "The input cannot be encoded as JSON.", { outcome: "not-sent", cause });
  }
  if (isTooLarge(text)) throw tooLarge("The request", "not-sent");
  return text;
}

/** Tells a server that nobody waits for a call any more. */
export const cancelText = (id: number): string => `{"id":${id},"cancel":true}`;

/** A reply as text; one that cannot be sent becomes the error that says so. */
export function replyText(id: number, reply: Reply): string {
  let text: string;
  try {
    text = JSON.stringify({ id, output: reply.output });
  } catch (cause) {
    return errorText(id, asError(cause, "internal", "The reply cannot be encoded as JSON.", "failed"));
  }
  return isTooLarge(text) ? errorText(id, tooLarge("The reply", "failed")) : text;
}

/** An error as text, without what it may not tell. */
export function errorText(id: number, error: unknown): string {
  let text: string;
  try {
    text = JSON.stringify({ id, error: errorMessageOf(error) });
  } catch {
    return errorText(id, withFields(error as PangaeaError, { details: undefined }));
  }
  return isTooLarge(text) ? errorText(id, tooLarge("The error", "failed")) : text;
}

/** An event's payload as text. Throws where it cannot be sent. */
export function eventText(payload: unknown): string {
  const text = JSON.stringify(payload) ?? "null";
  if (isTooLarge(text)) throw tooLarge("The event", "not-sent");
  return text;
}

const tooLarge = (what: string, outcome: "not-sent" | "failed"): PangaeaError =>
  errorOf("resource_exhausted", `${what} is larger than ${maxMessageBytes} bytes.`, { outcome, retryable: false });
