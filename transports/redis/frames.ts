import { errorOf } from "../../src/core/index.js";

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

/** An event's payload as text. Throws where it cannot be sent. */
export function eventText(payload: unknown): string {
  const text = JSON.stringify(payload) ?? "null";
  if (text.length * 3 <= maxMessageBytes || Buffer.byteLength(text) <= maxMessageBytes) return text;
  const message = `The event is larger than ${maxMessageBytes} bytes.`;
  throw errorOf("resource_exhausted", message, { outcome: "not-sent", retryable: false });
}
