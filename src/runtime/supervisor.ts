import type { Clock } from "../core/clock.js";
import type { Logger } from "../core/logger.js";
import type { ProcessSpec, Topology } from "../core/topology.js";
import { Pulse } from "./pulse.js";
import { configurationExitCode, Replica, type ReplicaSurroundings } from "./replica.js";
import { type Child, Run } from "./run.js";

export { configurationExitCode };
export type { Child };

/** What a supervisor shows of a process. */
export interface ProcessStatus {
  /** The process's name in the topology, and, where several run side by side, which of them: `orders.2`. */
  readonly name: string;
  readonly process: string;
  /** From 1. */
  readonly replica: number;
  readonly pid: number | undefined;
  /** `held`: it has ended so often that it is tried only now and then. */
  readonly state: Replica["state"];
  readonly restarts: number;
  /** Transport name, or `gateway` or `admin` → where it listens. */
  readonly addresses: Readonly<Record<string, string>>;
  /** What it runs, where that is not what the supervisor itself was started from. */
  readonly build: string | undefined;
}

/** How a process is to be started. */
export interface SpawnOptions {
  /** What to call it for people. */
  readonly name: string;
  /** It is to own nothing until it is told to go. */
  readonly waits: boolean;
  readonly build: string | undefined;
}

export interface SupervisorOptions {
  readonly topology: Topology;
  readonly spawn: (process: ProcessSpec, options: SpawnOptions) => Child;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Why only one of a process can be at work at a time, for people; undefined where several can. */
  readonly whyAlone?: (process: ProcessSpec) => string | undefined;
  /** How long a process may take to drain before it is killed. Milliseconds. */
  readonly stopTimeoutMs?: number;
}

/** How long the others may take to say that they send a draining process nothing new. */
const acknowledgeWithinMs = 5_000;

/**
 * Runs the processes of a topology on this machine: starts them in any order, tells each where the others are, starts a
 * crashed one again, and stops them from the edge inwards.
 */
export class Supervisor {
  readonly options: SupervisorOptions;
  readonly #replicas: Replica[] = [];
  readonly #stopping = new AbortController();
  readonly #around: ReplicaSurroundings;
  readonly #pulse: Pulse<Run>;
  #onChange: () => void = () => {};
  #hasStarted = false;
  #refusal: string | undefined;
  #list = 0;

  constructor(options: SupervisorOptions) {
    this.options = options;
    this.#pulse = new Pulse({
      ...options,
      spec: options.topology.registry,
      nameOf: ({ name }) => name,
      onChange: () => this.#broadcast(),
    });
    this.#around = {
      clock: options.clock,
      logger: options.logger,
      launch: (replica, how) => this.launch(replica, how),
      ended: () => this.#onChange(),
      refused: ({ spec }) => {
        if (this.#hasStarted) return false;
        this.#refusal = `Process ${spec.name} cannot start as it is configured.`;
        this.#onChange();
        return true;
      },
    };
    for (const spec of options.topology.processes) for (let at = 0; at < (spec.replicas ?? 1); at++) this.add(spec);
  }

  get status(): ProcessStatus[] {
    return this.#replicas.map((replica) => ({
      name: this.nameOf(replica),
      process: replica.spec.name,
      replica: replica.number,
      pid: replica.current?.child.pid,
      state: replica.state,
      restarts: replica.restarts,
      addresses: replica.current?.addresses ?? {},
      build: replica.current?.build,
    }));
  }

  /** Aborted when everything is to stop. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Those of a process, or all, in the order of the topology. */
  replicas(process?: string): Replica[] {
    return this.#replicas.filter(({ spec }) => process === undefined || spec.name === process);
  }

  nameOf({ spec, number }: Replica): string {
    return number === 1 && this.replicas(spec.name).length <= 1 ? spec.name : `${spec.name}.${number}`;
  }

  /** Starts every process; resolves when all are ready, rejects where one says that it never will be. */
  async start(): Promise<void> {
    for (const replica of this.#replicas) replica.start();
    while (this.#replicas.some(({ state }) => state !== "ready")) {
      if (this.#refusal !== undefined) throw new Error(this.#refusal);
      if (this.stopping.aborted) return;
      await new Promise<void>((resolve) => (this.#onChange = resolve));
    }
    this.#hasStarted = true;
  }

  /** Drains and stops everything: first what lets requests in, then the rest. None is left behind. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const replica of this.#replicas) replica.retire();
    this.#onChange();
    const isEdge = ({ spec }: Replica) => spec.gateway !== undefined;
    const stopAll = (replicas: readonly Replica[]) =>
      Promise.all(replicas.flatMap((replica) => replica.runs.map((run) => this.stopRun(replica, run))));
    await stopAll(this.#replicas.filter(isEdge));
    await stopAll(this.#replicas.filter((replica) => !isEdge(replica)));
    await Promise.all(this.#replicas.map((replica) => replica.over()));
  }

  /** One more of a process, not started yet, beside those that are there. */
  add(spec: ProcessSpec): Replica {
    const numbers = this.replicas(spec.name).map(({ number }) => number);
    const replica = new Replica(spec, Math.max(0, ...numbers) + 1, this.#around);
    const last = this.#replicas.findLastIndex((other) => other.spec.name === spec.name);
    this.#replicas.splice(last < 0 ? this.#replicas.length : last + 1, 0, replica);
    return replica;
  }

  /** Takes a replica off the list that has ended for good. */
  remove(replica: Replica): void {
    this.#replicas.splice(this.#replicas.indexOf(replica), 1);
  }

  /** Tells all others that a child gets nothing new, and waits until each has said that it keeps to it. */
  async drain(replica: Replica, run: Run): Promise<void> {
    run.isDraining = true;
    const list = ++this.#list;
    this.#broadcast(list);
    const peers = this.#replicas.filter((other) => other.runs.some((each) => each !== run && each.instance));
    const silent = await Promise.all(
      peers.map(async (peer) => {
        const heard = (each: Run) => each.acknowledged >= list || each.progress !== "ready";
        const answers = peer.runs.map(
          async (each) => each === run || each.until(() => heard(each), acknowledgeWithinMs),
        );
        return (await Promise.all(answers)).every(Boolean) ? [] : [this.nameOf(peer)];
      }),
    );
    if (silent.flat().length === 0) return;
    this.options.logger.warn(`${this.nameOf(replica)} drains, and not everybody has said to have heard it.`, {
      silent: silent.flat().join(", "),
    });
  }

  /** Lets a child drain and end. For `graceMs` milliseconds somebody else takes new connections already. */
  stopRun(replica: Replica, run: Run, graceMs = 0): Promise<void> {
    const stopTimeoutMs = this.options.stopTimeoutMs ?? 15_000;
    return run.stop(stopTimeoutMs, graceMs, () => {
      this.options.logger.warn(`Process ${this.nameOf(replica)} did not stop in ${stopTimeoutMs} ms and is killed.`);
    });
  }

  /** Starts a child for a replica, whose place is the caller's to say. */
  launch(replica: Replica, how: Omit<SpawnOptions, "name">): Run {
    const { spawn, clock } = this.options;
    const name = this.nameOf(replica);
    const child = spawn(replica.spec, { name, ...how });
    const run: Run = new Run({
      child,
      name,
      build: how.build,
      waits: how.waits,
      clock,
      onBeat: (lagMs) => this.#pulse.heard(run, lagMs),
      onChange: (registration) => {
        if (run.progress === "ended") this.#pulse.forget(run);
        if (registration) this.#broadcast();
        this.#onChange();
      },
    });
    child.send({ type: "instances", instances: this.#instances() });
    return run;
  }

  #instances() {
    const runs = this.#replicas.flatMap((replica) => replica.runs);
    return runs.flatMap((run) => (run.instance === undefined ? [] : { ...run.instance, ...this.#pulse.judge(run) }));
  }

  #broadcast(list?: number): void {
    const instances = this.#instances();
    for (const { runs } of this.#replicas) {
      for (const { child } of runs) {
        child.send(list === undefined ? { type: "instances", instances } : { type: "instances", instances, list });
      }
    }
  }
}
