/**
 * Where a registry keeps its records, one text per instance. Every method settles by a deadline of its own, whatever the
 * store does, and rejects where the store cannot be reached; the next call tries anew.
 */
export interface RecordStore {
  /** Writes a record, to be forgotten `ttlMs` after it was last written. `isNews`: other readers are to look at once. */
  put(id: string, text: string, ttlMs: number, isNews: boolean): Promise<void>;
  /** Every record that is there now, by its instance's id. */
  read(): Promise<ReadonlyMap<string, string>>;
  close(): Promise<void>;
}

/** Which store, in words that can be handed to a thread. */
export type StoreSpec =
  | { readonly kind: "redis"; readonly url: string; readonly namespace: string }
  | { readonly kind: "etcd"; readonly endpoints: readonly string[]; readonly prefix: string };

/** How long a store may take to answer, in milliseconds. */
export const storeTimeoutMs = 2_000;
