import type { CreateTransport, Failpoints, Ids, Logger, Module } from "../../src/core/index.js";
import { errorOf } from "../../src/core/index.js";
import type { Instance, Registry } from "../../src/core/registry.js";
import type { ProcessSpec, Topology } from "../../src/core/topology.js";
import { ProcessRuntime } from "../../src/runtime/process-runtime.js";
import { readSettings } from "../../src/runtime/settings.js";
import type { Backend } from "../../src/storage/backend.js";
import { run } from "../../src/storage/run.js";
import { openSqlite } from "../../src/storage/sqlite.js";
import { entriesAt, type Network, type Node } from "./network.js";
import { ProcessClock, type VirtualTime } from "./virtual-time.js";

/** Who is where, as everybody knows at once. A process that is gone is forgotten. */
export class SimulatedRegistry {
  readonly #instances = new Map<Instance, Node>();
  readonly #watchers = new Map<(known: readonly Instance[]) => void, Node>();

  of(node: Node): Registry {
    return {
      register: (instance) => {
        if (node.isAlive) this.#instances.set(instance, node);
        this.#tell();
        let current = instance;
        return Promise.resolve({
          update: (changed) => {
            if (this.#instances.delete(current)) this.#instances.set((current = changed), node);
            this.#tell();
            return Promise.resolve();
          },
          close: () => {
            this.#instances.delete(current);
            this.#tell();
            return Promise.resolve();
          },
        });
      },
      watch: (onChange) => {
        this.#watchers.set(onChange, node);
        onChange([...this.#instances.keys()]);
        return () => void this.#watchers.delete(onChange);
      },
      close: () => Promise.resolve(),
    };
  }

  forget(node: Node): void {
    for (const map of [this.#instances, this.#watchers] as Map<unknown, Node>[])
      for (const [entry, its] of map) if (its === node) map.delete(entry);
    this.#tell();
  }

  #tell(): void {
    for (const watcher of this.#watchers.keys()) watcher([...this.#instances.keys()]);
  }
}

/** Who owns each module's data, as the leases in the files say, and who has owned it before. */
export class Owners {
  readonly violations: string[] = [];
  readonly #now = new Map<string, { readonly holder: string | null; readonly life: ProcessLife }>();
  readonly #before = new Map<string, Set<ProcessLife>>();

  /** A life is about to commit, with this holder in the lease. One that was replaced must never come so far. */
  commits(life: ProcessLife, module: string, holder: string | null): void {
    const before = entriesAt(this.#before, module);
    const owner = this.#now.get(module);
    if (owner?.holder !== holder) {
      this.#now.set(module, { holder, life });
      before.add(life);
    } else if (owner.life !== life && before.has(life)) {
      this.violations.push(`${life.name} has committed to ${module}, which was taken over from it`);
    }
  }
}

/** What befalls the file of a module, whoever has it open. */
interface Misfortune {
  /** Somebody else holds the lock of the file. */
  isLocked(module: string): boolean;
  /** The disk is full. */
  isFull(): boolean;
}

export interface LifeOptions {
  readonly topology: Topology;
  readonly spec: ProcessSpec;
  readonly modules: ReadonlyMap<string, Module>;
  readonly dataDir: string;
  readonly time: VirtualTime;
  readonly network: Network;
  readonly registry: SimulatedRegistry;
  readonly misfortune: Misfortune;
  readonly owners: Owners;
  readonly inProcess: CreateTransport;
  readonly ids: Ids;
  readonly logger: Logger;
  /** Reached a step; throws where the process ends there. */
  readonly failpoints: (life: ProcessLife) => Failpoints;
}

const gateway = () => Promise.resolve({ address: "simulated", close: () => Promise.resolve() });
const settingsOf = (dataDir: string) => readSettings({ DATA_DIR: dataDir, PANGAEA_NAMESPACE: "simulation" });

/** One run of a process, from its start to its end. What it had in memory ends with it; what is in the files stays. */
export class ProcessLife implements Node {
  readonly name: string;
  readonly clock: ProcessClock;
  isAlive = true;
  /** How often it has been held. */
  holds = 0;
  runtime: ProcessRuntime | undefined;
  readonly #backends: Backend[] = [];

  constructor(private readonly options: LifeOptions) {
    this.name = options.spec.name;
    this.clock = new ProcessClock(options.time);
  }

  async start(): Promise<void> {
    const { topology, spec, modules, dataDir, network, registry, inProcess, ids, logger, failpoints } = this.options;
    const runtime = await ProcessRuntime.start({
      topology,
      process: spec,
      modules,
      settings: settingsOf(dataDir),
      registry: registry.of(this),
      parts: { clock: this.clock, ids, logger, failpoints: failpoints(this) },
      loadTransport: (name) => Promise.resolve(name === "in-process" ? inProcess : () => network.transport(name, this)),
      loadGateway: () => Promise.resolve(gateway),
      openBackend: (module) => Promise.resolve(this.#open(module)),
    });
    if (this.isAlive) this.runtime = runtime;
  }

  /** Ends it as kill -9 does: from here on nothing that it still does has an effect. Resolves when its files are closed. */
  async kill(): Promise<void> {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.runtime = undefined;
    this.clock.end();
    this.options.network.forget(this);
    this.options.registry.forget(this);
    await Promise.all(this.#backends.map((backend) => backend.close()));
  }

  async stop(): Promise<void> {
    await this.runtime?.stop();
    await this.kill();
  }

  #open(module: string): Backend {
    const { dataDir, misfortune, owners } = this.options;
    const backend = openSqlite(`${dataDir}/${module}.db`, false);
    this.#backends.push(backend);
    // Every write of a process is inside a transaction: where none begins and none is committed, nothing changes.
    const mayGoOn = (code: string | undefined) => {
      if (!this.isAlive) throw errorOf("internal", "This process has been killed.");
      if (code !== undefined) throw Object.assign(new Error("simulated"), { code });
    };
    return {
      ...backend,
      begin(db, relaxed) {
        mayGoOn(misfortune.isLocked(module) ? "SQLITE_BUSY" : undefined);
        return backend.begin(db, relaxed);
      },
      commit: async (db) => {
        mayGoOn(misfortune.isFull() ? "SQLITE_FULL" : undefined);
        const { rows } = await run<{ holder: string | null }>(
          db,
          "select holder from pangaea_lease where name = 'owner'",
        );
        mayGoOn(undefined);
        owners.commits(this, module, rows[0]?.holder ?? null);
        return backend.commit(db);
      },
    };
  }
}
