import { type Clock, sleep } from "../core/clock.js";
import type { Logger } from "../core/logger.js";
import type { Instance } from "../core/registry.js";
import type { ProcessSpec, Topology } from "../core/topology.js";
import type { ChildMessage, Line, SupervisorMessage } from "../discovery/supervisor-registry.js";
import { Pulse } from "./pulse.js";

/** A process as its supervisor holds it. */
export interface Child extends Line<SupervisorMessage, ChildMessage> {
  readonly pid: number;
  /** Resolves with its exit code, or null where a signal ended it. */
  readonly exited: Promise<number | null>;
  kill(): void;
}

/** What a supervisor shows of a process. */
export interface ProcessStatus {
  readonly name: string;
  readonly pid: number | undefined;
  readonly state: "starting" | "ready" | "restarting" | "stopped";
  readonly restarts: number;
  readonly addresses: Readonly<Record<string, string>>;
}

export interface SupervisorOptions {
  readonly topology: Topology;
  readonly spawn: (process: ProcessSpec) => Child;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a process may take to drain before it is killed. Milliseconds. */
  readonly stopTimeoutMs?: number;
}

/** A process that cannot start as configured says so with this exit code; starting it again would not help. */
export const configurationExitCode = 78;

const firstBackoffMs = 100;
const maxBackoffMs = 10_000;
/** A process that has stood this long begins its backoff anew. */
const stableMs = 30_000;

interface Managed {
  readonly spec: ProcessSpec;
  child: Child | undefined;
  state: ProcessStatus["state"];
  restarts: number;
  failures: number;
  addresses: Readonly<Record<string, string>>;
  instance: Instance | undefined;
}

/**
 * Runs the processes of a topology on this machine: starts them in any order, tells each where the others are, starts a
 * crashed one again, and stops them from the edge inwards.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #managed: readonly Managed[];
  readonly #loops: Promise<void>[] = [];
  readonly #stopping = new AbortController();
  readonly #pulse: Pulse<Managed>;
  #onChange: () => void = () => {};
  #refusal: string | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#pulse = new Pulse({
      ...options,
      spec: options.topology.registry,
      nameOf: ({ spec }) => spec.name,
      onChange: () => this.#broadcast(),
    });
    this.#managed = options.topology.processes.map((spec) => ({
      spec,
      child: undefined,
      state: "starting",
      restarts: 0,
      failures: 0,
      addresses: {},
      instance: undefined,
    }));
  }

  get status(): ProcessStatus[] {
    return this.#managed.map(({ spec, child, state, restarts, addresses }) => ({
      name: spec.name,
      pid: child?.pid,
      state,
      restarts,
      addresses,
    }));
  }

  /** Starts every process; resolves when all are ready, rejects where one says that it never will be. */
  async start(): Promise<void> {
    for (const managed of this.#managed) this.#loops.push(this.#keepRunning(managed));
    while (this.#managed.some(({ state }) => state !== "ready")) {
      if (this.#refusal !== undefined) throw new Error(this.#refusal);
      if (this.#stopping.signal.aborted) return;
      await new Promise<void>((resolve) => (this.#onChange = resolve));
    }
  }

  /** Drains and stops everything: first what lets requests in, then the rest. None is left behind. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#onChange();
    const edge = this.#managed.filter(({ spec }) => spec.gateway !== undefined);
    const inner = this.#managed.filter(({ spec }) => spec.gateway === undefined);
    await Promise.all(edge.map((managed) => this.#stopChild(managed)));
    await Promise.all(inner.map((managed) => this.#stopChild(managed)));
    await Promise.all(this.#loops);
  }

  async #keepRunning(managed: Managed): Promise<void> {
    const { spec } = managed;
    const { clock, logger } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const startedAt = clock.now();
      const child = this.#options.spawn(spec);
      managed.child = child;
      managed.state = "starting";
      const stopListening = child.onMessage((message) => this.#receive(managed, child, message));
      this.#broadcast([child]);
      const code = await child.exited;
      stopListening();
      managed.child = undefined;
      managed.instance = undefined;
      this.#pulse.forget(managed);
      this.#broadcast();
      managed.state = signal.aborted ? "stopped" : "restarting";
      if (code === configurationExitCode) this.#refusal = `Process ${spec.name} cannot start as it is configured.`;
      this.#onChange();
      if (signal.aborted || this.#refusal !== undefined) return;
      managed.failures = clock.now() - startedAt > stableMs ? 1 : managed.failures + 1;
      const backoffMs = Math.min(firstBackoffMs * 2 ** (managed.failures - 1), maxBackoffMs);
      logger.warn(`Process ${spec.name} ended and is started again.`, { code, inMs: backoffMs });
      if (await sleep(clock, backoffMs, signal)) managed.restarts++;
      else managed.state = "stopped";
    }
  }

  #receive(managed: Managed, child: Child, message: ChildMessage): void {
    if (managed.child !== child) return;
    if (message.type === "beat") return this.#pulse.heard(managed, message.lagMs);
    if (message.type === "ready") {
      managed.state = "ready";
      managed.addresses = message.addresses;
      this.#onChange();
      return;
    }
    managed.instance = message.type === "register" ? message.instance : undefined;
    this.#broadcast();
  }

  #broadcast(to = this.#managed.flatMap(({ child }) => child ?? [])): void {
    const instances = this.#managed.flatMap((managed) =>
      managed.instance === undefined ? [] : { ...managed.instance, ...this.#pulse.judge(managed) },
    );
    for (const child of to) child.send({ type: "instances", instances });
  }

  async #stopChild(managed: Managed): Promise<void> {
    const { child } = managed;
    if (child === undefined) return;
    child.send({ type: "stop" });
    const stopTimeoutMs = this.#options.stopTimeoutMs ?? 15_000;
    const inTime = new AbortController();
    const timeout = sleep(this.#options.clock, stopTimeoutMs, inTime.signal).then((passed) => {
      if (!passed) return;
      this.#options.logger.warn(`Process ${managed.spec.name} did not stop in ${stopTimeoutMs} ms and is killed.`);
      child.kill();
    });
    await child.exited;
    inTime.abort();
    await timeout;
  }
}
