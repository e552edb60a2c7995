import { Redis } from "ioredis";
import { type RecordStore, type StoreSpec, storeTimeoutMs } from "./record-store.js";

/**
 * Records as keys that expire, their ids in a set beside them, and news by pub/sub. One connection, replaced by another at
 * the next command once it has failed; the client library's own repairs are switched off. One server, no cluster.
 */
export function redisStore(
  { url, namespace }: Extract<StoreSpec, { kind: "redis" }>,
  onNews?: () => void,
): RecordStore {
  const ids = `pangaea:${namespace}:instances`;
  const keyOf = (id: string) => `pangaea:${namespace}:instance:${id}`;
  let session: Session | undefined;
  const run = async <T>(command: (redis: Redis) => Promise<T>): Promise<T> => {
    const current = (session ??= openSession(url, onNews && { channel: ids, onNews }));
    try {
      return await current.run(command);
    } catch (error) {
      if (session === current) session = undefined;
      current.close();
      throw error;
    }
  };
  return {
    put: (id, text, ttlMs, isNews) =>
      run(async (redis) => {
        const set = redis.set(keyOf(id), text, "PX", ttlMs);
        const added = redis.sadd(ids, id);
        await Promise.all([set, added, isNews ? redis.publish(ids, id) : undefined]);
      }),
    read: () =>
      run(async (redis) => {
        const records = new Map<string, string>();
        const all = await redis.smembers(ids);
        if (all.length === 0) return records;
        const texts = await redis.mget(all.map(keyOf));
        const expired = all.filter((_, index) => texts[index] === null);
        for (const [index, id] of all.entries()) if (texts[index] != null) records.set(id, texts[index]);
        if (expired.length > 0) await redis.srem(ids, ...expired);
        return records;
      }),
    close() {
      session?.close();
      session = undefined;
      return Promise.resolve();
    },
  };
}

interface Session {
  /** Rejects, and is of no use any more, where a command fails or takes too long. */
  run<T>(command: (redis: Redis) => Promise<T>): Promise<T>;
  close(): void;
}

function openSession(
  url: string,
  news: { readonly channel: string; readonly onNews: () => void } | undefined,
): Session {
  const redis = new Redis(url, {
    protocol: 3,
    lazyConnect: true,
    retryStrategy: null,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    enableReadyCheck: false,
    disableClientInfo: true,
    connectTimeout: storeTimeoutMs,
  });
  let trouble = "the connection was closed";
  redis.on("error", (error) => (trouble = withoutPassword(error.message, url)));
  const open = async () => {
    await redis.connect();
    if (news === undefined) return;
    redis.on("message", news.onNews);
    await redis.subscribe(news.channel);
  };
  const opened = bounded(open());
  // Whoever runs the first command hears of it.
  opened.catch(() => undefined);
  return {
    async run(command) {
      try {
        await opened;
        return await bounded(command(redis));
      } catch (error) {
        const { name, message } = error as Error;
        const why = name === "ReplyError" || error instanceof Silent ? message : trouble;
        throw new Error(why, { cause: error });
      }
    },
    close: () => redis.disconnect(),
  };
}

class Silent extends Error {
  override message = "Redis does not answer";
}

/** A paused server leaves connections open and answers nothing: every command has a deadline of its own. */
async function bounded<T>(command: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Silent()), storeTimeoutMs);
  });
  try {
    return await Promise.race([command, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** `text` without the password of `url`, which Redis may quote. */
function withoutPassword(text: string, url: string): string {
  const { password } = new URL(url);
  const secrets = [password, decodeURIComponent(password)].filter((secret) => secret !== "");
  return secrets.reduce((safe, secret) => safe.replaceAll(secret, "…"), text);
}
