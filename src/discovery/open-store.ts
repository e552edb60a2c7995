import type { RecordStore, StoreSpec } from "./record-store.js";

/** Opens a store when it is first used. `onNews` is called when somebody has put news; without it nobody listens. */
export async function openStore(spec: StoreSpec, onNews?: () => void): Promise<RecordStore> {
  if (spec.kind === "redis") return (await import("./redis-store.js")).redisStore(spec, onNews);
  return (await import("./etcd-store.js")).etcdStore(spec, onNews);
}
