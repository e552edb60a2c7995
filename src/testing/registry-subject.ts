import assert from "node:assert/strict";
import { type Clock, type Instance, type LeaseSpec, type Logger, type Registry, silentLogger } from "../core/index.js";
import { type ConformanceCase, within } from "./conformance.js";

/** What a registry can do, as data. */
export interface RegistryFeatures {
  /** Instances make themselves known; else somebody has written down where they are. */
  readonly registers: boolean;
  /** How it learns of a death: from the operating system, at once, or from a lease that ends. */
  readonly deaths: "seen" | "by lease" | "never";
  /** It is kept by a server that can be away, be wiped and lie. */
  readonly hasServer: boolean;
}

/** The server of a registry, and how it can fail. */
interface RegistryServer {
  /** It dies without a word. */
  kill(): Promise<void>;
  /** A new, empty one in its place. */
  restart(): Promise<void>;
  /** Connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  /** Everything in it is gone, and connections stay. */
  wipe(): Promise<void>;
  /** Writes a record that no instance has written. */
  plant(id: string, text: string): Promise<void>;
}

/** The registries of the processes of one system, which see each other and nobody else. */
interface RegistrySystem {
  /** A new one, as another process would have. The suite closes it. */
  createRegistry(logger: Logger): Registry;
  /** Ends it as `kill -9` would. Needed where `deaths` is not `never`. */
  kill?(registry: Registry): Promise<void>;
  /** Needed where `hasServer`; it serves this system only. */
  readonly server?: RegistryServer;
  close(): Promise<void>;
}

/** An adapter, as the suite needs it. */
export interface RegistrySubject {
  readonly clock: Clock;
  openSystem(lease: LeaseSpec): Promise<RegistrySystem>;
}

/** A case of the registry suite. */
export type RegistryCase = ConformanceCase<RegistrySubject, RegistryFeatures>;

/** What somebody who watches has been told. */
interface Watched {
  readonly lists: readonly (readonly Instance[])[];
  readonly last: readonly Instance[];
  /** The first list from now on, the last one included, for which `holds`. */
  until(what: string, holds: (list: readonly Instance[]) => boolean): Promise<readonly Instance[]>;
  stop(): void;
}

export interface RegistryRig {
  readonly clock: Clock;
  readonly system: RegistrySystem;
  readonly server: RegistryServer;
  /** One more process; what it logs as a warning is in `warnings`. */
  process(): Registry;
  readonly warnings: readonly string[];
  watch(registry: Registry): Watched;
  /** Waits with a bound that no slow machine reaches. */
  soon<T>(what: string, promise: Promise<T>): Promise<T>;
}

const soonMs = 40_000;

/** No lease of these ends while a test lasts. */
export const longLease: LeaseSpec = { heartbeatMs: 100, suspectMs: 60_000, leaseMs: 600_000 };

/** An instance that differs from the others. */
export const instance = (name: string, more: Partial<Instance> = {}): Instance => ({
  id: `${name}-1`,
  process: name,
  services: { [name]: 2 },
  addresses: { http: `http://10.0.0.1/${name}` },
  weight: 1,
  ...more,
});

export const names = (list: readonly Instance[]): string =>
  list
    .map(({ id }) => id)
    .toSorted()
    .join(" ");

/** Makes a case whose body gets a system of its own and is cleaned up after. */
export const registryCase = (
  title: string,
  lease: LeaseSpec,
  body: (rig: RegistryRig) => Promise<void>,
  skip?: RegistryCase["skip"],
): RegistryCase => ({
  title,
  skip,
  async run(subject) {
    const { clock } = subject;
    const system = await subject.openSystem(lease);
    const made: Registry[] = [];
    const warnings: string[] = [];
    const { debugging, debug, info, error } = silentLogger;
    const logger: Logger = {
      debugging,
      debug,
      info,
      error,
      warn: (message) => void warnings.push(message),
      child: () => logger,
    };
    const soon = <T>(what: string, promise: Promise<T>) => within(clock, soonMs, what, promise);
    try {
      await body({
        clock,
        system,
        warnings,
        soon,
        get server() {
          assert.ok(system.server, "a subject whose registry has a server names it");
          return system.server;
        },
        process() {
          const registry = system.createRegistry(logger);
          made.push(registry);
          return registry;
        },
        watch: (registry) => watched(registry, soon),
      });
    } finally {
      await Promise.all(made.map((registry) => registry.close()));
      await system.close();
    }
  },
});

function watched(registry: Registry, soon: RegistryRig["soon"]): Watched {
  const lists: (readonly Instance[])[] = [];
  const waiting = new Set<(list: readonly Instance[]) => void>();
  const stop = registry.watch((list) => {
    lists.push(list);
    for (const look of waiting) look(list);
  });
  return {
    lists,
    get last() {
      return lists.at(-1)!;
    },
    until(what, holds) {
      if (holds(lists.at(-1)!)) return Promise.resolve(lists.at(-1)!);
      const found = new Promise<readonly Instance[]>((resolve) => {
        const look = (list: readonly Instance[]) => {
          if (!holds(list)) return;
          waiting.delete(look);
          resolve(list);
        };
        waiting.add(look);
      });
      return soon(what, found).catch((error: unknown) => {
        throw new assert.AssertionError({
          message: `${(error as Error).message}; last seen: ${JSON.stringify(lists.at(-1))}`,
        });
      });
    },
    stop,
  };
}

export const ifRegisters = ({ registers }: RegistryFeatures): string | undefined =>
  registers ? undefined : "where instances are is written down elsewhere";
export const ifServer = ({ hasServer }: RegistryFeatures): string | undefined =>
  hasServer ? undefined : "it has no server that could fail";
