import type { Clock } from "../core/clock.js";
import type { Logger } from "../core/logger.js";
import type { RegistrySpec } from "../core/topology.js";
import { ObservedTime } from "../discovery/observed-time.js";

interface Heard {
  readonly atMs: number;
  readonly lagMs: number;
  readonly isSuspect: boolean;
}

export interface PulseOptions<K> {
  readonly spec: RegistrySpec;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nameOf: (key: K) => string;
  /** Somebody has become suspect, or is so no longer. */
  readonly onChange: () => void;
}

/** Whose event loops run: each says so once in `heartbeatMs`, and is suspect when it was blocked or is silent for too long. */
export class Pulse<K> {
  readonly #options: PulseOptions<K>;
  readonly #heard = new Map<K, Heard>();
  readonly #heartbeatMs: number;
  readonly #suspectMs: number;
  readonly #time: ObservedTime;
  #cancel: (() => void) | undefined;

  constructor(options: PulseOptions<K>) {
    this.#options = options;
    const { spec } = options;
    this.#heartbeatMs = spec.kind === "supervisor" ? spec.heartbeatMs : Number.POSITIVE_INFINITY;
    this.#suspectMs = spec.kind === "supervisor" ? spec.suspectMs : Number.POSITIVE_INFINITY;
    this.#time = new ObservedTime(2 * this.#heartbeatMs);
  }

  /** A heartbeat. Who has never sent one is never suspect. */
  heard(key: K, lagMs: number): void {
    this.#time.look(this.#options.clock.now());
    const isSuspect = this.#heard.get(key)?.isSuspect ?? false;
    this.#heard.set(key, { atMs: this.#time.nowMs, lagMs, isSuspect });
    this.#judgeAll();
    if (this.#cancel === undefined) this.#lookLater();
  }

  forget(key: K): void {
    this.#heard.delete(key);
    if (this.#heard.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** What is to be said of an instance beside what it says itself. */
  judge(key: K): { readonly isSuspect?: true } {
    return this.#heard.get(key)?.isSuspect === true ? { isSuspect: true } : {};
  }

  #lookLater(): void {
    this.#cancel = this.#options.clock.after(this.#heartbeatMs, () => {
      this.#time.look(this.#options.clock.now());
      this.#judgeAll();
      this.#lookLater();
    });
  }

  #judgeAll(): void {
    let changed = false;
    for (const [key, heard] of this.#heard) {
      const silentMs = this.#time.nowMs - heard.atMs;
      const isSuspect = Math.max(silentMs, heard.lagMs) > this.#suspectMs;
      if (isSuspect === heard.isSuspect) continue;
      changed = true;
      this.#heard.set(key, { ...heard, isSuspect });
      if (isSuspect) {
        const forMs = Math.round(Math.max(silentMs, heard.lagMs));
        const name = this.#options.nameOf(key);
        this.#options.logger.warn(`Process ${name} is suspect: its event loop is blocked, or it is stopped.`, {
          forMs,
        });
      } else this.#options.logger.info(`Process ${this.#options.nameOf(key)} is well again.`);
    }
    if (changed) this.#options.onChange();
  }
}
