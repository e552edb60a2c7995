import { Redis } from "ioredis";
import type { Clock, Deadlines } from "../../src/core/index.js";

/** How long Redis may take to answer any command, in milliseconds; a broker that is silent longer counts as lost. */
const commandTimeoutMs = 2_000;
/** A turn of the event loop for an answer that arrived while this process itself was busy. */
const graceMs = 50;

/** One physical connection to Redis, from its opening to its end. It is never repaired: another one takes its place. */
export interface Session {
  /** How many subscribers got it. */
  publish(channel: string, text: string): Promise<number>;
  subscribe(channels: readonly string[]): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  ping(): Promise<void>;
  /** Ends it at once; what is unanswered rejects. `onEnd` is not called any more. */
  close(): void;
}

export interface SessionOptions {
  readonly url: string;
  /** Shown by CLIENT LIST. */
  readonly name: string;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  onMessage(channel: string, text: string): void;
  /** Called once when an open connection is lost or Redis is silent; no message arrives after it. */
  onEnd(why: string): void;
}

/** The client library found the connection half closed and wrote nothing. */
const isUnwritten = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith("Stream isn't writeable");

/** Whether a failed command certainly had no effect: it was never written, or Redis itself refused it. */
export const hadNoEffect = (error: unknown): boolean =>
  isUnwritten(error) || (error instanceof Error && error.name === "ReplyError");

/** What went wrong, without the password that Redis may quote. */
const textOf = (error: unknown, url: string): string => {
  const text = error instanceof Error ? error.message : String(error);
  const { password } = new URL(url);
  const secrets = [password, decodeURIComponent(password)].filter((secret) => secret !== "");
  return secrets.reduce((safe, secret) => safe.replaceAll(secret, "…"), text);
};

/**
 * Connects, or rejects with an error whose message is safe to show. Publishing and subscribing share the connection
 * (RESP3, Redis 6 or later), so that one cannot be lost without the other. Nothing is queued, resent or resubscribed
 * behind our back: the client library's own repairs are all switched off.
 */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { url, clock, deadlines } = options;
  const redis = new Redis(url, {
    protocol: 3,
    lazyConnect: true,
    retryStrategy: null,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    enableReadyCheck: false,
    disableClientInfo: true,
    connectionName: options.name,
    connectTimeout: commandTimeoutMs,
    disconnectTimeout: graceMs,
  });
  let state: "opening" | "open" | "ended" = "opening";
  let trouble = "the connection was closed";
  const end = (why: string) => {
    if (state === "ended") return;
    const wasOpen = state === "open";
    state = "ended";
    trouble = why;
    redis.disconnect();
    if (wasOpen) options.onEnd(why);
  };
  const watched = <T>(command: Promise<T>): Promise<T> => {
    let open = true;
    const silent = () => {
      if (open) end("it does not answer");
    };
    const stop = deadlines.add(clock.now() + commandTimeoutMs, () => void clock.after(graceMs, silent));
    const settled = () => {
      open = false;
      stop();
    };
    command.then(settled, (error: unknown) => {
      settled();
      // The end of the connection is known here before it is announced.
      if (isUnwritten(error)) end(trouble);
    });
    return command;
  };
  redis.on("error", (error) => (trouble = textOf(error, url)));
  redis.on("message", (channel, text) => {
    if (state === "open") options.onMessage(channel, text);
  });
  redis.once("close", () => end(trouble));

  const stop = clock.after(commandTimeoutMs, () => end("it does not answer"), true);
  try {
    await redis.connect();
  } catch {
    end(trouble);
    throw new Error(trouble);
  } finally {
    stop();
  }
  state = "open";
  return {
    publish: (channel, text) => watched(redis.publish(channel, text)),
    subscribe: async (channels) => void (await watched(redis.subscribe(...channels))),
    unsubscribe: async (channel) => void (await watched(redis.unsubscribe(channel))),
    ping: async () => void (await watched(redis.ping())),
    close() {
      state = "ended";
      redis.disconnect();
    },
  };
}
