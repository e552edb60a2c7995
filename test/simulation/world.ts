import type { CreateTransport, Failpoints, Ids, Logger, Module } from "../../src/core/index.js";
import type { ProcessSpec, Topology } from "../../src/core/topology.js";
import type { ProcessRuntime } from "../../src/runtime/process-runtime.js";
import type { Random } from "../chaos/random.js";
import type { Plan } from "./faults.js";
import { fairWeather, Network } from "./network.js";
import { Owners, ProcessLife, SimulatedRegistry } from "./process-life.js";
import type { VirtualTime } from "./virtual-time.js";

/** What a world is made of. `dataDir` is its own and may have data in it. */
export interface WorldOptions {
  readonly topology: Topology;
  readonly modules: ReadonlyMap<string, Module>;
  readonly inProcess: CreateTransport;
  readonly dataDir: string;
  readonly time: VirtualTime;
  readonly random: Random;
  readonly plan: Plan;
  readonly logger: (process: string) => Logger;
  /** Says what happens, for whoever reads the course of a run. */
  readonly note: (text: string) => void;
}

/** Ends the code that reached a failpoint at which its process is killed. */
class Killed extends Error {}

/** Identifiers that a seed decides. */
function seededIds(random: Random): Ids {
  const hex = (bytes: number) =>
    Array.from({ length: bytes }, () => random.below(256).toString(16).padStart(2, "0")).join("");
  return {
    hex,
    uuid: () => {
      const text = hex(16);
      return `${text.slice(0, 8)}-${text.slice(8, 12)}-4${text.slice(13, 16)}-8${text.slice(17, 20)}-${text.slice(20)}`;
    },
  };
}

/** The whole shop in one process of the system: every process of a topology, what goes wrong, and who starts them again. */
export class World {
  readonly network: Network;
  readonly counts = { kills: 0, holds: 0, locks: 0, "full disks": 0 };
  readonly owners = new Owners();
  readonly #registry = new SimulatedRegistry();
  readonly #lives = new Map<string, Set<ProcessLife>>();
  readonly #ending: Promise<void>[] = [];
  readonly #locked = new Map<string, number>();
  readonly #ids: Ids;
  #fullUntil = 0;
  #isTroubled = false;
  #isOver = false;

  constructor(private readonly options: WorldOptions) {
    const { time, random, topology } = options;
    this.network = new Network(time, random);
    this.#ids = seededIds(random);
    for (const { name } of topology.processes) this.#lives.set(name, new Set());
  }

  /** Where requests from outside come in now; undefined while that process is away. */
  get entry(): { readonly runtime: ProcessRuntime; readonly life: ProcessLife } | undefined {
    const { name } = this.options.topology.processes.find(({ gateway }) => gateway !== undefined)!;
    for (const life of this.#lives.get(name)!) if (life.runtime !== undefined) return { runtime: life.runtime, life };
    return undefined;
  }

  /** Calls and sagas under way in any process. */
  get pending(): number {
    let sum = this.network.pending;
    for (const lives of this.#lives.values()) for (const { runtime } of lives) sum += runtime?.pending ?? 0;
    return sum;
  }

  async start(): Promise<void> {
    await Promise.all(this.options.topology.processes.map((spec) => this.#begin(spec)));
  }

  /** Lets trouble begin; it ends by itself. */
  trouble(): void {
    const { plan, time, topology, note } = this.options;
    const startedAt = time.now;
    this.#isTroubled = true;
    this.network.weather = plan.weather;
    const specOf = (process: string) => topology.processes.find(({ name }) => name === process)!;
    for (const event of plan.events) {
      time.after(event.at, () => {
        note(JSON.stringify(event));
        if (event.kind === "kill") for (const life of this.#lives.get(event.process)!) this.#kill(life);
        if (event.kind === "hold")
          this.#hold(specOf(event.process), Math.min(event.ms, plan.endMs - event.at), event.replaced);
        if (event.kind === "lock") {
          this.counts.locks++;
          this.#locked.set(event.module, startedAt + Math.min(event.at + event.ms, plan.endMs));
        }
        if (event.kind === "full disk") {
          this.counts["full disks"]++;
          this.#fullUntil = startedAt + Math.min(event.at + event.ms, plan.endMs);
        }
      });
    }
    time.after(plan.endMs, () => {
      note("the trouble is over");
      this.#isTroubled = false;
      this.network.weather = fairWeather;
    });
  }

  /** Stops every process properly. */
  async stop(): Promise<void> {
    this.#isOver = true;
    const all = [...this.#lives.values()].flatMap((lives) => [...lives]);
    await Promise.all(all.map((life) => life.stop()));
    await Promise.all(this.#ending);
  }

  /** Ends every process at once. */
  async end(): Promise<void> {
    this.#isOver = true;
    const all = [...this.#lives.values()].flatMap((lives) => [...lives]);
    await Promise.all(all.map((life) => life.kill()));
    await Promise.all(this.#ending);
  }

  async #begin(spec: ProcessSpec): Promise<void> {
    const { topology, modules, inProcess, dataDir, time, logger, note } = this.options;
    const life = new ProcessLife({
      topology,
      spec,
      modules,
      inProcess,
      dataDir,
      time,
      network: this.network,
      registry: this.#registry,
      misfortune: {
        isLocked: (module) => time.now < (this.#locked.get(module) ?? 0),
        isFull: () => time.now < this.#fullUntil,
      },
      owners: this.owners,
      ids: this.#ids,
      logger: logger(spec.name),
      failpoints: (self) => this.#failpointsOf(self),
    });
    const lives = this.#lives.get(spec.name)!;
    lives.add(life);
    note(`${spec.name} starts`);
    try {
      await life.start();
    } catch (error) {
      if (life.isAlive) note(`${spec.name} could not start: ${String(error)}`);
      this.#kill(life);
    }
  }

  /** Whoever is killed is started again, as by a supervisor. */
  #kill(life: ProcessLife): void {
    if (!life.isAlive) return;
    const { time, random, topology, note } = this.options;
    note(`${life.name} is killed`);
    this.counts.kills++;
    const closed = life.kill();
    this.#ending.push(closed);
    const lives = this.#lives.get(life.name)!;
    lives.delete(life);
    time.after(50 + random.below(1_000), () => {
      // Its successor may have been started before.
      if (this.#isOver || lives.size > 0) return;
      void closed.then(() => this.#begin(topology.processes.find(({ name }) => name === life.name)!));
    });
  }

  #hold(spec: ProcessSpec, ms: number, replaced: boolean): void {
    const { time, note } = this.options;
    for (const life of this.#lives.get(spec.name)!) {
      if (life.runtime === undefined) continue;
      this.counts.holds++;
      life.holds++;
      life.clock.hold();
      time.after(ms, () => {
        note(`${spec.name} goes on`);
        life.clock.goOn();
        // It learns that it has been replaced, and is ended by whoever replaced it.
        if (replaced) time.after(2_000, () => this.#kill(life));
      });
      if (replaced) void this.#begin(spec);
    }
  }

  #failpointsOf(life: ProcessLife): Failpoints {
    const { plan, note } = this.options;
    return {
      hit: (reached) => {
        if (!life.isAlive) throw new Killed();
        if (!this.#isTroubled) return;
        const armed = plan.failpoints.find(({ name, count }) => name === reached && count > 0);
        if (armed === undefined || --armed.count > 0) return;
        note(`${life.name} reaches ${reached}`);
        this.#kill(life);
        throw new Killed();
      },
    };
  }
}
