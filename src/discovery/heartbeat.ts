import { type Clock, sleep } from "../core/clock.js";
import type { Ids } from "../core/ids.js";
import type { Instance } from "../core/registry.js";
import { recordText } from "./record.js";
import type { RecordStore } from "./record-store.js";

export interface HeartbeatOptions {
  readonly store: RecordStore;
  readonly instance: Instance;
  readonly heartbeatMs: number;
  /** For how long the store keeps a record that nobody renews: tidiness only, observers judge by what changes. */
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly ids: Ids;
  /** By how much the event loop that does the work was late since it was last asked. Milliseconds. */
  readonly takeLagMs: () => number;
  /** After each attempt to write, with the reason where it failed. `version`: what was written, from 1, one more at each update. */
  readonly onAttempt: (version: number, trouble: string | undefined) => void;
}

/** Writes an instance's record again and again, each time with another heartbeat, whatever becomes of the store meanwhile. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #run: Promise<void>;
  readonly #name: string;
  #instance: Instance;
  #version = 1;
  #written = 0;
  #beats = 0;
  #closing = false;
  #wake = new AbortController();

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#instance = options.instance;
    // Another one that writes for the same instance must not seem to stand still.
    this.#name = options.ids.hex(4);
    this.#run = this.#beat();
  }

  /** Writes at once what has changed. */
  update(instance: Instance): void {
    this.#instance = instance;
    this.#version++;
    this.#wake.abort();
  }

  /** Says that the instance has left, if the store can be reached, and ends. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#wake.abort();
    await this.#run;
    const { store, ttlMs } = this.#options;
    await store.put(this.#instance.id, recordText({ closed: true }), ttlMs, true).catch(() => undefined);
    await store.close();
  }

  async #beat(): Promise<void> {
    const { clock, heartbeatMs } = this.#options;
    while (!this.#closing) {
      const startedAt = clock.now();
      this.#wake = new AbortController();
      await this.#write();
      if (this.#closing) return;
      await sleep(clock, Math.max(0, startedAt + heartbeatMs - clock.now()), this.#wake.signal);
    }
  }

  async #write(): Promise<void> {
    const { store, ttlMs, takeLagMs, onAttempt } = this.#options;
    const version = this.#version;
    const beat = `${this.#name}.${++this.#beats}`;
    const text = recordText({ instance: this.#instance, beat, lagMs: Math.round(takeLagMs()) });
    try {
      await store.put(this.#instance.id, text, ttlMs, this.#written !== version);
      this.#written = version;
      onAttempt(version, undefined);
    } catch (error) {
      // Once it is back, what it shows is news to everybody.
      this.#written = 0;
      onAttempt(version, (error as Error).message);
    }
  }
}
