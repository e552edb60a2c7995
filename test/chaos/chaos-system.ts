import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.js";
import { systemIds } from "../../src/core/ids.js";
import { silentLogger } from "../../src/core/logger.js";
import type { ProcessSpec, Topology } from "../../src/core/topology.js";
import { childOf } from "../../src/cli/process-line.js";
import { type Child, type ProcessStatus, Supervisor } from "../../src/runtime/supervisor.js";
import { freePort } from "../../src/testing/launch.js";
import { projectFolder } from "../scenarios/layouts.js";

export interface ChaosSystemOptions {
  readonly topology: Topology;
  readonly dataDir: string;
  readonly redisUrl: string | undefined;
  /** Of each process's first life only: what is started again after a crash runs without it. */
  readonly firstEnv: Readonly<Record<string, string>>;
  /** Of one process, in each of its lives. */
  readonly envOf?: (process: string) => Readonly<Record<string, string>>;
}

const readyWithinMs = 300_000;

/** A system as `pangaea split` runs it, with ways to hurt its processes. Nothing of it outlives `stop` or this process. */
export class ChaosSystem {
  /** When a process was ended by SIGKILL: of `performance.now()`. */
  readonly deaths: number[] = [];
  readonly #children = new Map<string, ChildProcess>();
  readonly #all = new Set<ChildProcess>();
  readonly #abandoned = new Map<string, () => void>();
  readonly #away = new Set<string>();
  readonly #printed: string[] = [];
  readonly #supervisor: Supervisor;
  #stopping = false;

  private constructor(
    private readonly options: ChaosSystemOptions,
    private readonly port: number,
  ) {
    const namespace = `chaos-${systemIds.hex(4)}`;
    this.#supervisor = new Supervisor({
      topology: options.topology,
      spawn: (spec) => this.#spawn(spec, namespace),
      clock: systemClock,
      logger: silentLogger,
      stopTimeoutMs: 0,
    });
  }

  /** Starts every process and waits until the gateway says that all are ready. */
  static async start(options: ChaosSystemOptions): Promise<ChaosSystem> {
    const system = new ChaosSystem(options, await freePort());
    process.once("exit", system.#killAll);
    try {
      await Promise.race([system.#supervisor.start(), system.ready()]);
      await system.ready();
      return system;
    } catch (error) {
      await system.stop();
      throw new Error(`${options.topology.file}: ${(error as Error).message}\n${system.output}`, { cause: error });
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Everything that its processes have printed. */
  get output(): string {
    return this.#printed.join("");
  }

  /** The processes that are there now. */
  get processes(): readonly string[] {
    return [...this.#children.keys()];
  }

  /** Whether a process is the entry from outside. */
  isGateway(name: string): boolean {
    return this.options.topology.processes.some((spec) => spec.name === name && spec.gateway !== undefined);
  }

  /** SIGKILL, SIGSTOP or SIGCONT, to the process of that name. */
  signal(name: string, signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    this.#children.get(name)?.kill(signal);
  }

  /**
   * Lets the supervisor believe that a process is gone, though it may only be paused: another one takes its place.
   * Returns a way to send signals to the old one.
   */
  abandon(name: string): (signal: "SIGKILL" | "SIGCONT") => void {
    const child = this.#children.get(name)!;
    this.#abandoned.get(name)!();
    return (signal) => void child.kill(signal);
  }

  /** Kills a process, and until `bringBack` the one that is started in its place does nothing. */
  takeAway(name: string): void {
    this.#away.add(name);
    this.signal(name, "SIGKILL");
  }

  bringBack(name: string): void {
    this.#away.delete(name);
    this.signal(name, "SIGKILL");
  }

  /** What the supervisor knows of its processes. */
  get status(): readonly ProcessStatus[] {
    return this.#supervisor.status;
  }

  /** Resolves when the gateway says that everything is ready. */
  async ready(): Promise<void> {
    const giveUp = performance.now() + readyWithinMs;
    while (performance.now() < giveUp && !this.#stopping) {
      const response = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
      if (response?.ok === true) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`not ready within ${readyWithinMs} ms`);
  }

  /** Ends everything as kill -9 does. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const stopped = this.#supervisor.stop();
    this.#killAll();
    await stopped;
    await Promise.all([...this.#all].map((child) => new Promise((resolve) => child.once("exit", resolve))));
    process.off("exit", this.#killAll);
  }

  readonly #killAll = (): void => {
    for (const child of this.#all) child.kill("SIGKILL");
  };

  #spawn(spec: ProcessSpec, namespace: string): Child {
    const { topology, dataDir, redisUrl, firstEnv, envOf } = this.options;
    const isFirst = !this.#abandoned.has(spec.name);
    const main = join(projectFolder, "dist/src/cli/main.js");
    const runs = [main, "start", "--topology", topology.file, "--process", spec.name];
    const args = this.#away.has(spec.name) ? ["--eval", "setInterval(() => {}, 1e9)"] : runs;
    const child = spawn(process.execPath, args, {
      cwd: projectFolder,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: {
        ...process.env,
        PORT: String(this.port),
        ADMIN_PORT: "0",
        DATA_DIR: dataDir,
        REDIS_URL: redisUrl,
        PANGAEA_NAMESPACE: namespace,
        NODE_COMPILE_CACHE: join(projectFolder, "node_modules/.cache/compiled"),
        ...(isFirst ? firstEnv : {}),
        ...envOf?.(spec.name),
      },
    });
    for (const stream of [child.stdout!, child.stderr!])
      stream.on("data", (chunk: Buffer) => this.#printed.push(`${spec.name} | ${chunk.toString()}`));
    this.#children.set(spec.name, child);
    this.#all.add(child);
    child.once("exit", (_code, signal) => {
      this.#all.delete(child);
      if (this.#children.get(spec.name) === child) this.#children.delete(spec.name);
      if (signal === "SIGKILL" && !this.#stopping) this.deaths.push(performance.now());
    });
    const held = childOf(child);
    const { promise: abandoned, resolve } = Promise.withResolvers<null>();
    this.#abandoned.set(spec.name, () => resolve(null));
    return { ...held, exited: Promise.race([held.exited, abandoned]) };
  }
}
