import type { Handler } from "./call.js";
import type { Clock } from "./clock.js";
import type { Ids } from "./ids.js";
import type { Logger } from "./logger.js";

/** What an adapter can do, as data; the conformance suite reads it. */
export interface TransportFeatures {
  /** Values are encoded and may come from an untrusted peer: both ends validate. */
  readonly remote: boolean;
  /** The largest message in bytes, or Infinity. A larger one is refused before it is sent, with `resource_exhausted`. */
  readonly maxMessageBytes: number;
  /** Addresses are network addresses that the adapter makes when it serves (`false`: names that are agreed beforehand). */
  readonly dynamicAddress: boolean;
}

/** A service's side of a transport. */
export interface Listener {
  /** Where others connect to. */
  readonly address: string;
  /** Sends an unconfirmed event to whoever is subscribed at this moment. Never throws, never waits. */
  publish(topic: string, payload: unknown): void;
  /** Takes no new calls, waits for those in flight to be answered, then releases the address. */
  close(): Promise<void>;
}

/** A client's side of a transport, to one address. */
export interface Connection {
  /** Rejects with `unavailable` and outcome `not-sent` as soon as it is known that nobody listens. */
  readonly call: Handler;
  /** Gets best-effort events of `topic` published at this address, reconnecting for as long as it stands. */
  subscribe(topic: string, onEvent: (payload: unknown) => void): Promise<() => void>;
  /** Fails what is pending with `unavailable` and outcome `unknown`. */
  close(): Promise<void>;
}

/** The port between Pangaea and a wire. It promises unary calls; it does not promise order between calls, nor retries. */
export interface Transport {
  readonly name: string;
  readonly features: TransportFeatures;
  /** Does not wait for the other side to be there. */
  connect(address: string): Connection;
  /** `address` as this adapter writes it; an adapter with dynamic addresses takes a free one where a part is left open. */
  serve(address: string, handler: Handler): Promise<Listener>;
  /** Closes every connection and listener it made. */
  close(): Promise<void>;
}

/** What every adapter is given when it is made. `settings` are strings from the environment and the topology. */
export interface TransportOptions {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly settings: Readonly<Record<string, string>>;
}

export type CreateTransport = (options: TransportOptions) => Transport;
