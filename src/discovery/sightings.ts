import type { Logger } from "../core/logger.js";
import type { Instance } from "../core/registry.js";
import type { LeaseSpec } from "../core/topology.js";
import { ObservedTime } from "./observed-time.js";
import { type LiveRecord, readRecord } from "./record.js";

interface Sighting {
  readonly record: LiveRecord;
  /** When its heartbeat last changed, in observed time. */
  readonly changedAtMs: number;
}

/** More than any system has; a registry that has more is not to fill this process's memory. */
const maxInstances = 10_000;

/**
 * Who is there, judged from what a registry shows. An instance is gone when it says so, or when its heartbeat has not
 * changed for a lease of observed time; that its record is missing proves nothing, for a registry may have been wiped. One
 * that shows nobody at all is not believed, and no time passes while it does.
 */
export class Sightings {
  readonly #seen = new Map<string, Sighting>();
  readonly #time: ObservedTime;
  /** What has been said in the log of records that are still there. */
  readonly #nonsense = new Map<string, string>();
  #suspects = new Set<string>();
  #instances: readonly Instance[] = [];

  constructor(
    private readonly lease: LeaseSpec,
    private readonly logger: Logger,
  ) {
    this.#time = new ObservedTime(2 * lease.heartbeatMs);
  }

  get instances(): readonly Instance[] {
    return this.#instances;
  }

  /** Takes over what has been read at `now`; says whether the list has changed by that. */
  take(records: ReadonlyMap<string, string>, now: number): boolean {
    if (records.size === 0) return false;
    this.#time.look(now);
    for (const id of this.#nonsense.keys()) if (!records.has(id)) this.#nonsense.delete(id);
    for (const [id, text] of records) this.#takeOne(id, text);
    const before = JSON.stringify(this.#instances);
    this.#instances = this.#judge();
    return JSON.stringify(this.#instances) !== before;
  }

  #takeOne(id: string, text: string): void {
    try {
      const record = readRecord(id, text);
      this.#nonsense.delete(id);
      const last = this.#seen.get(id);
      if ("closed" in record) this.#seen.delete(id);
      else if (last === undefined && this.#seen.size >= maxInstances) throw new Error("there are too many");
      else if (last?.record.beat !== record.beat) this.#seen.set(id, { record, changedAtMs: this.#time.nowMs });
    } catch (error) {
      if (this.#nonsense.get(id) === text || this.#nonsense.size >= maxInstances) return;
      this.#nonsense.set(id, text);
      this.logger.warn("A record of the registry is left out.", { id, why: (error as Error).message });
    }
  }

  #judge(): Instance[] {
    const suspects = new Set<string>();
    const silent: Instance[] = [];
    const lively: Instance[] = [];
    for (const [id, { record, changedAtMs }] of this.#seen) {
      const silentMs = this.#time.nowMs - changedAtMs;
      if (silentMs > this.lease.leaseMs) {
        this.#seen.delete(id);
        this.logger.warn(`${id} is gone: its heartbeat has been missing for ${Math.round(silentMs)} ms.`);
        continue;
      }
      const isSilent = silentMs > this.lease.suspectMs;
      const isSuspect = isSilent || record.lagMs > this.lease.suspectMs;
      if (isSuspect) {
        suspects.add(id);
        if (!this.#suspects.has(id)) {
          const why = isSilent
            ? "its heartbeat is missing"
            : `its event loop was late by ${Math.round(record.lagMs)} ms`;
          this.logger.warn(`${id} is suspect: ${why}; new calls go to others, if there are any.`);
        }
      }
      (isSilent ? silent : lively).push(isSuspect ? { ...record.instance, isSuspect } : record.instance);
    }
    this.#suspects = suspects;
    // A silent one whose address another one has taken is what was there before it.
    const taken = new Set(lively.flatMap(placesOf));
    const left = silent.filter((instance) => !placesOf(instance).some((place) => taken.has(place)));
    return [...lively, ...left].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }
}

const placesOf = ({ addresses }: Instance): string[] =>
  Object.entries(addresses).map(([transport, address]) => `${transport} ${address}`);
