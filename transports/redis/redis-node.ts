import { Redis } from "ioredis";
import type { Clock, Deadlines } from "../../src/core/index.js";
import { withoutPassword } from "./server-urls.js";

/** How long Redis may take to answer any command, in milliseconds; a broker that is silent longer counts as lost. */
const commandTimeoutMs = 2_000;
/** A turn of the event loop for an answer that arrived while this process itself was busy. */
const graceMs = 50;

/** One physical connection to one Redis server, from its opening to its end. It is never repaired. */
export interface RedisNode {
  /** What it was when it was connected. In a cluster, only channels whose slots it has may be named here. */
  readonly kind: "standalone" | "cluster master" | "cluster replica";
  /** How many subscribers got it. */
  publish(channel: string, text: string): Promise<number>;
  subscribe(channels: readonly string[]): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  ping(): Promise<void>;
  /** The answer of CLUSTER SLOTS. */
  slots(): Promise<unknown>;
  /** Ends it at once; what is unanswered rejects. `onEnd` is not called any more. */
  close(): void;
}

export interface RedisNodeOptions {
  /** Shown by CLIENT LIST. */
  readonly name: string;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  onMessage(channel: string, text: string): void;
  /** Called once when an open connection is lost or of no more use; no message arrives after it. */
  onEnd(why: string): void;
}

/** The client library found the connection half closed and wrote nothing. */
const isUnwritten = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith("Stream isn't writeable");

const isRefused = (error: unknown): error is Error => error instanceof Error && error.name === "ReplyError";

/** Whether a failed command certainly had no effect: it was never written, or Redis itself refused it. */
export const hadNoEffect = (error: unknown): boolean => isUnwritten(error) || isRefused(error);

/**
 * Connects, or rejects with an error whose message is safe to show. Publishing and subscribing share the connection
 * (RESP3, Redis 6 or later), so that one cannot be lost without the other. Nothing is queued, resent or resubscribed
 * behind our back: the client library's own repairs are all switched off.
 */
export async function openNode(url: string, options: RedisNodeOptions): Promise<RedisNode> {
  const { clock, deadlines } = options;
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
  const moved = () => end("slots of the cluster have moved");
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
      if (isRefused(error) && error.message.startsWith("MOVED ")) moved();
    });
    return command;
  };
  const receive = (channel: string, text: string) => {
    if (state === "open") options.onMessage(channel, text);
  };
  redis.on("error", (error) => (trouble = withoutPassword(error.message, url)));
  redis.on("message", receive);
  redis.on("smessage", receive);
  // Redis ended a subscription by itself: the slot has another master now.
  redis.on("moved", moved);
  redis.once("close", () => end(trouble));

  const stop = clock.after(commandTimeoutMs, () => end("it does not answer"), true);
  // The greeting is open to every user.
  const ownKind = async (): Promise<RedisNode["kind"]> => {
    const words = ((await redis.call("HELLO")) as readonly unknown[]).map(String);
    const valueOf = (name: string) => words[words.indexOf(name) + 1];
    if (valueOf("mode") !== "cluster") return "standalone";
    return valueOf("role") === "master" ? "cluster master" : "cluster replica";
  };
  let kind: RedisNode["kind"];
  try {
    await redis.connect();
    kind = await ownKind();
  } catch {
    end(trouble);
    throw new Error(trouble);
  } finally {
    stop();
  }
  state = "open";
  const common = {
    kind,
    slots: () => watched(redis.cluster("SLOTS")),
    close() {
      state = "ended";
      redis.disconnect();
    },
  };
  if (kind === "standalone") {
    return {
      ...common,
      publish: (channel, text) => watched(redis.publish(channel, text)),
      subscribe: async (channels) => void (await watched(redis.subscribe(...channels))),
      unsubscribe: async (channel) => void (await watched(redis.unsubscribe(channel))),
      ping: async () => void (await watched(redis.ping())),
    };
  }
  // A former master goes on taking messages and subscriptions, and passes messages on to its new master: what it counts
  // is not what counts. So wherever that matters it is asked once more what it is.
  const stillMaster = async () => {
    if ((await watched(ownKind())) === kind) return;
    moved();
    throw new Error(trouble);
  };
  return {
    ...common,
    async publish(channel, text) {
      const receivers = (await watched(redis.spublish(channel, text))) as number;
      if (receivers === 0) await stillMaster();
      return receivers;
    },
    async subscribe(channels) {
      // Channels of one command would all have to share a slot.
      await Promise.all(channels.map((channel) => watched(redis.ssubscribe(channel))));
      await stillMaster();
    },
    unsubscribe: async (channel) => void (await watched(redis.sunsubscribe(channel))),
    ping: stillMaster,
  };
}
