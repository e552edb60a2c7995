import { type Clock, sleep } from "../core/clock.js";
import type { Logger } from "../core/logger.js";
import type { ProcessSpec } from "../core/topology.js";
import type { Run } from "./run.js";

/** A process that cannot start as configured says so with this exit code; starting it again would not help. */
export const configurationExitCode = 78;

const firstBackoffMs = 100;
const maxBackoffMs = 10_000;
/** A process that has stood this long begins its backoff anew. */
const stableMs = 30_000;
/** After so many ends in a row it is held: something is wrong that another start will not mend. */
const crashesToHold = 10;
const heldRetryMs = 60_000;

/** Where replicas get their processes, and whom they tell. */
export interface ReplicaSurroundings {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Starts a child for a replica. One that `waits` is to own nothing until it is told to go. */
  readonly launch: (replica: Replica, options: { readonly waits: boolean; readonly build: string | undefined }) => Run;
  /** A child has ended. */
  readonly ended: () => void;
  /** It says that it cannot start as it is configured; true where that ends the whole system's start. */
  readonly refused: (replica: Replica) => boolean;
}

/** One of the processes that a topology wants side by side under one name. Started again whenever it ends by itself. */
export class Replica {
  current: Run | undefined;
  /** Takes over as soon as the current one ends. */
  next: Run | undefined;
  /** What is started when it has to be started again; undefined for the supervisor's own. */
  build: string | undefined;
  restarts = 0;
  #state: "restarting" | "held" | "stopped" = "restarting";
  #failures = 0;
  #wake = () => {};
  readonly #retired = new AbortController();
  #onLaunch: () => void = () => {};
  #loop: Promise<void> = Promise.resolve();

  constructor(
    readonly spec: ProcessSpec,
    readonly number: number,
    private readonly around: ReplicaSurroundings,
  ) {}

  get state(): "starting" | "ready" | "draining" | "restarting" | "held" | "stopped" {
    const { current } = this;
    if (current === undefined) return this.#state;
    if (current.progress === "ready") return current.isDraining ? "draining" : "ready";
    return "starting";
  }

  /** Its child, and the one that is to take over. */
  get runs(): Run[] {
    return [this.current, this.next].filter((run) => run !== undefined);
  }

  start(): void {
    this.#loop = this.#keepRunning();
  }

  /** Nothing is started any more. */
  retire(): void {
    this.#retired.abort();
  }

  /** Resolves when it is retired and its last child has ended. */
  over(): Promise<void> {
    return this.#loop;
  }

  /** Starts it now, where it waits to be started again. Resolves with its child; undefined where it has been retired. */
  async wake(): Promise<Run | undefined> {
    this.#failures = 0;
    if (this.current === undefined && this.#state !== "stopped") {
      const launched = new Promise<void>((resolve) => (this.#onLaunch = resolve));
      this.#wake();
      await launched;
    }
    return this.current;
  }

  async #keepRunning(): Promise<void> {
    const { signal } = this.#retired;
    while (!signal.aborted) {
      const run = this.#take();
      this.current = run;
      this.#onLaunch();
      const code = await run.ended;
      this.current = undefined;
      this.#state = signal.aborted ? "stopped" : "restarting";
      this.around.ended();
      if (signal.aborted || this.next !== undefined) continue;
      if (code === configurationExitCode && this.around.refused(this)) return;
      await this.#rest(code, run);
    }
    this.#state = "stopped";
    this.#onLaunch();
  }

  /** The child that waits to take over, or a new one. */
  #take(): Run {
    const { next } = this;
    this.next = undefined;
    if (next === undefined || next.progress === "ended") {
      return this.around.launch(this, { waits: false, build: this.build });
    }
    next.go();
    return next;
  }

  /** The pause before it is started again. */
  async #rest(code: number | null, { startedAt }: Run): Promise<void> {
    const { clock, logger } = this.around;
    const name = `Process ${this.spec.name}`;
    this.#failures = clock.now() - startedAt > stableMs ? 1 : this.#failures + 1;
    let waitMs = Math.min(firstBackoffMs * 2 ** (this.#failures - 1), maxBackoffMs);
    if (this.#failures >= crashesToHold || code === configurationExitCode) {
      this.#state = "held";
      waitMs = heldRetryMs;
      const why = code === configurationExitCode ? "cannot start as it is configured" : "ends again and again";
      logger.error(`${name} ${why} and is held. "pangaea restart ${this.spec.name}" starts it at once.`, {
        code,
        inMs: waitMs,
      });
    } else logger.warn(`${name} ended and is started again.`, { code, inMs: waitMs });
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await sleep(clock, waitMs, AbortSignal.any([woken.signal, this.#retired.signal]));
    this.#wake = () => {};
    if (!this.#retired.signal.aborted) this.restarts++;
  }
}
