import { type Clock, sleep } from "../core/clock.js";
import type { Logger } from "../core/logger.js";
import type { Instance, Registration, Registry } from "../core/registry.js";
import type { LeaseSpec } from "../core/topology.js";
import { openStore } from "./open-store.js";
import type { RecordStore, StoreSpec } from "./record-store.js";
import { Sightings } from "./sightings.js";
import { ThreadedHeartbeat } from "./threaded-heartbeat.js";

export interface LeasedRegistryOptions {
  readonly store: StoreSpec;
  readonly lease: LeaseSpec;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The compiled heartbeat thread, for tests that run from the sources. */
  readonly thread?: URL;
}

/** What a record outlives its last heartbeat by, in leases: long enough for every observer to see that it is silent. */
const leasesKept = 3;

/**
 * A registry in a store that others share. Whatever becomes of the store, readers stay on what they last knew, and what is
 * registered is written again as soon as it can be.
 */
export class LeasedRegistry implements Registry {
  readonly #options: LeasedRegistryOptions;
  readonly #sightings: Sightings;
  readonly #watchers = new Set<(instances: readonly Instance[]) => void>();
  readonly #heartbeats = new Set<ThreadedHeartbeat>();
  readonly #stop = new AbortController();
  #reading: Promise<void> | undefined;
  #wake = new AbortController();
  #hasNews = false;
  /** Why it could not be read the last time. */
  #trouble: string | undefined = "it has not answered yet";
  #wasRead = false;
  #unwritten = 0;

  constructor(options: LeasedRegistryOptions) {
    this.#options = options;
    this.#sightings = new Sightings(options.lease, options.logger);
  }

  get missing(): string | undefined {
    if (!this.#wasRead) return `the ${this.#options.store.kind} registry is away: ${this.#trouble}`;
    return this.#unwritten > 0 ? `this process is not in the ${this.#options.store.kind} registry yet` : undefined;
  }

  /** Resolves when it is written, or when the registry is known to be away; then it is written later. */
  async register(instance: Instance): Promise<Registration> {
    const { store, lease, clock, logger, thread } = this.#options;
    this.#unwritten++;
    let isMissed = true;
    const missNoMore = () => {
      if (isMissed) this.#unwritten--;
      isMissed = false;
    };
    const heartbeat = new ThreadedHeartbeat({
      store,
      instance,
      heartbeatMs: lease.heartbeatMs,
      ttlMs: leasesKept * lease.leaseMs,
      clock,
      logger,
      thread,
      onWritten() {
        missNoMore();
        logger.info(`This process is in the ${store.kind} registry as ${instance.id}.`);
      },
    });
    this.#heartbeats.add(heartbeat);
    await heartbeat.attempted();
    return {
      update: (changed) => heartbeat.update({ ...changed, id: instance.id }),
      close: async () => {
        this.#heartbeats.delete(heartbeat);
        missNoMore();
        await heartbeat.close();
      },
    };
  }

  watch(onChange: (instances: readonly Instance[]) => void): () => void {
    this.#watchers.add(onChange);
    onChange(this.#sightings.instances);
    this.#reading ??= this.#read();
    return () => this.#watchers.delete(onChange);
  }

  async close(): Promise<void> {
    this.#watchers.clear();
    await this.#end((heartbeat) => heartbeat.close());
  }

  /** Ends at once and says nothing, as a killed process does. For tests. */
  async abandon(): Promise<void> {
    await this.#end((heartbeat) => heartbeat.abandon());
  }

  async #end(how: (heartbeat: ThreadedHeartbeat) => Promise<void>): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    await Promise.all([...this.#heartbeats].map(how));
    this.#heartbeats.clear();
    await this.#reading;
  }

  async #read(): Promise<void> {
    const { clock, lease, store: spec } = this.#options;
    const store = await openStore(spec, () => {
      this.#hasNews = true;
      this.#wake.abort();
    });
    while (!this.#stop.signal.aborted) {
      this.#wake = new AbortController();
      this.#hasNews = false;
      await this.#readOnce(store);
      if (this.#stop.signal.aborted) break;
      if (!this.#hasNews) await sleep(clock, lease.heartbeatMs, this.#wake.signal);
    }
    await store.close();
  }

  async #readOnce(store: RecordStore): Promise<void> {
    const { clock, logger, store: spec } = this.#options;
    try {
      const records = await store.read();
      if (this.#trouble !== undefined && this.#wasRead) logger.info(`The ${spec.kind} registry is back.`);
      this.#trouble = undefined;
      this.#wasRead = true;
      // Between two looks nobody can have become silent: what counts is when the answer was there.
      if (!this.#sightings.take(records, clock.now())) return;
      for (const watcher of this.#watchers) watcher(this.#sightings.instances);
    } catch (error) {
      const why = (error as Error).message;
      if (this.#trouble === undefined || (!this.#wasRead && this.#trouble !== why)) {
        const message = `The ${spec.kind} registry is away; what was last known of the others is used until it is back.`;
        logger.warn(message, { why });
      }
      this.#trouble = why;
    }
  }
}
