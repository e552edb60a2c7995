import { openNode, type RedisNode, type RedisNodeOptions } from "./redis-node.js";
import { mastersFrom, slotOf } from "./slots.js";

/** A way to Redis, from its opening to its end. It is never repaired: another one takes its place. */
export type Session = Pick<RedisNode, "publish" | "subscribe" | "unsubscribe" | "ping" | "close">;

export interface SessionOptions extends RedisNodeOptions {
  /** Servers to ask, in this order; the first that answers counts. */
  readonly urls: readonly string[];
}

/**
 * Opens a session with the server, or with the cluster that the server belongs to. Rejects with an error whose message
 * is safe to show.
 */
export async function openSession(options: SessionOptions): Promise<Session> {
  let trouble: unknown;
  for (const url of options.urls) {
    try {
      const node = await openNode(url, options);
      return node.kind === "standalone" ? node : await openCluster(node, url, options);
    } catch (error) {
      trouble = error;
    }
  }
  throw trouble;
}

/** One connection to each master. They stand and fall together, so that a session never hears only a part. */
async function openCluster(asked: RedisNode, url: string, options: RedisNodeOptions): Promise<Session> {
  const nodes = new Map<string, RedisNode>();
  const closeAll = () => nodes.forEach((node) => node.close());
  let state = "opening" as "opening" | "open" | "ended";
  let trouble = "";
  const onEnd = (why: string) => {
    if (state === "ended") return;
    const wasOpen = state === "open";
    state = "ended";
    trouble = why;
    closeAll();
    if (wasOpen) options.onEnd(why);
  };
  let masters: readonly string[];
  try {
    masters = mastersFrom(await asked.slots(), url);
    const open = async (master: string) => void nodes.set(master, await openNode(master, { ...options, onEnd }));
    const opened = await Promise.allSettled([...new Set(masters)].map(open));
    for (const result of opened) if (result.status === "rejected") throw result.reason;
    if (state === "ended") throw new Error(trouble);
    if ([...nodes.values()].some((node) => node.kind !== "cluster master"))
      throw new Error("a master has been replaced");
  } catch (error) {
    closeAll();
    throw error;
  } finally {
    asked.close();
  }
  state = "open";
  const nodeOf = (channel: string): RedisNode => nodes.get(masters[slotOf(channel)]!)!;
  return {
    publish: (channel, text) => nodeOf(channel).publish(channel, text),
    subscribe: async (channels) => {
      await Promise.all(channels.map((channel) => nodeOf(channel).subscribe([channel])));
    },
    unsubscribe: (channel) => nodeOf(channel).unsubscribe(channel),
    ping: async () => void (await Promise.all([...nodes.values()].map((node) => node.ping()))),
    close() {
      state = "ended";
      closeAll();
    },
  };
}
