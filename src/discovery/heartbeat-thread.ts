import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../core/clock.js";
import { systemIds } from "../core/ids.js";
import type { Instance } from "../core/registry.js";
import { Heartbeat } from "./heartbeat.js";
import { takeLagMs } from "./lag.js";
import { openStore } from "./open-store.js";
import type { StoreSpec } from "./record-store.js";

/** What the thread is given. */
export interface ThreadData {
  readonly store: StoreSpec;
  readonly instance: Instance;
  readonly heartbeatMs: number;
  readonly ttlMs: number;
  readonly lag: SharedArrayBuffer;
}

/** What it is told later. */
export type ToThread = { readonly type: "update"; readonly instance: Instance } | { readonly type: "close" };

/** What it tells. */
export type FromThread =
  | { readonly type: "attempt"; readonly version: number; readonly trouble: string | undefined }
  | { readonly type: "closed" };

/** A thread of its own goes on beating while the event loop beside it is blocked. */
async function beat({ store, instance, heartbeatMs, ttlMs, lag }: ThreadData): Promise<void> {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
  const tell = (message: FromThread) => parentPort!.postMessage(message);
  const heartbeat = new Heartbeat({
    store: await openStore(store),
    instance,
    heartbeatMs,
    ttlMs,
    clock: systemClock,
    ids: systemIds,
    takeLagMs: () => takeLagMs(lag),
    onAttempt: (version, trouble) => tell({ type: "attempt", version, trouble }),
  });
  parentPort!.on("message", (message: ToThread) => {
    if (message.type === "update") return heartbeat.update(message.instance);
    void heartbeat.close().then(() => {
      tell({ type: "closed" });
      parentPort!.close();
    });
  });
}

await beat(workerData as ThreadData);
