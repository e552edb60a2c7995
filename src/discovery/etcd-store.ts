import { afterPrefix, base64, etcdGateway, EtcdRefusal, fromBase64 } from "./etcd-gateway.js";
import type { RecordStore, StoreSpec } from "./record-store.js";

/** gRPC's number for a lease that has ended, or that a wiped etcd does not know. */
const notFound = 5;

/**
 * Records under a lease that each heartbeat renews, and one key that changes where there is news: watched, it costs
 * nothing while nothing happens, however many instances beat.
 */
export function etcdStore(
  { endpoints, prefix }: Extract<StoreSpec, { kind: "etcd" }>,
  onNews?: () => void,
): RecordStore {
  const gateway = etcdGateway(endpoints);
  const folder = `${prefix}/instances/`;
  const newsKey = base64(`${prefix}/news`);
  let lease: string | undefined;
  let watching: AbortController | undefined;

  const grant = async (ttlMs: number): Promise<string> => {
    const { ID } = await gateway.post("/v3/lease/grant", { TTL: String(Math.ceil(ttlMs / 1_000)) });
    return String(ID);
  };
  const renew = async (): Promise<void> => {
    const { result } = await gateway.post("/v3/lease/keepalive", { ID: lease });
    // etcd answers that it does not know it by a life of none.
    const { TTL = "0" } = (result ?? {}) as { readonly TTL?: string };
    if (Number(TTL) <= 0) lease = undefined;
  };
  const put = async (id: string, text: string, ttlMs: number): Promise<void> => {
    lease ??= await grant(ttlMs);
    await gateway.post("/v3/kv/put", { key: base64(folder + id), value: base64(text), lease });
  };
  const watch = (): void => {
    if (onNews === undefined || watching !== undefined) return;
    const own = (watching = new AbortController());
    const ended = () => {
      if (watching === own) watching = undefined;
    };
    const request = { create_request: { key: newsKey } };
    const onLine = (line: string) => {
      if (line.includes('"events"')) onNews();
    };
    gateway.stream("/v3/watch", request, own.signal, onLine).then(ended, ended);
  };
  const stopWatching = (): void => {
    watching?.abort();
    watching = undefined;
  };

  return {
    async put(id, text, ttlMs, isNews) {
      if (lease !== undefined) await renew();
      try {
        await put(id, text, ttlMs);
      } catch (error) {
        lease = undefined;
        if (!(error instanceof EtcdRefusal) || error.code !== notFound) throw error;
        await put(id, text, ttlMs);
      }
      if (isNews) await gateway.post("/v3/kv/put", { key: newsKey, value: base64(id) });
    },
    async read() {
      watch();
      try {
        const range = { key: base64(folder), range_end: base64(afterPrefix(folder)) };
        const { kvs = [] } = await gateway.post("/v3/kv/range", range);
        const pairs = kvs as readonly { readonly key: string; readonly value?: string }[];
        return new Map(pairs.map(({ key, value }) => [fromBase64(key).slice(folder.length), fromBase64(value)]));
      } catch (error) {
        // A stream from a silent server would never end by itself.
        stopWatching();
        throw error;
      }
    },
    close() {
      stopWatching();
      return Promise.resolve();
    },
  };
}
