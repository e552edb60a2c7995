import { type Clock, sleep } from "../core/clock.js";
import type { Logger } from "../core/logger.js";
import type { Sagas } from "../core/work.js";
import type { Relay } from "../events/relay.js";
import type { SagaRunner } from "../saga/saga-runner.js";
import type { ScheduleRunner } from "../saga/schedule-runner.js";
import { settledElsewhere } from "../saga/settled-elsewhere.js";
import type { ModuleStore } from "../storage/module-store.js";

/** What a module does without a caller, in one process at a time. */
export interface Workers {
  readonly relay: Relay;
  readonly sagas: SagaRunner;
  readonly schedules: ScheduleRunner;
}

/** The background work of a module: whether and when it is this process's to do. */
export interface BackgroundWork {
  readonly sagas: Sagas;
  /** What leads the sagas, where this process does. */
  readonly runner: SagaRunner | undefined;
  /** Sagas under way here. */
  readonly pending: number;
  /** How far this module's subscribers are behind; empty where another replica's relay serves them. */
  readonly lags: Relay["lags"];
  start(): Promise<void>;
  outboxGrew(): void;
  sagaStarted(name: string, id: string): void;
  /** Another process has taken the work over. */
  ownershipLost(): void;
  stop(): Promise<void>;
}

const startWorkers = async ({ relay, sagas, schedules }: Workers): Promise<void> => {
  await sagas.recover();
  await schedules.start();
  await relay.start();
};

const stopWorkers = async ({ relay, sagas, schedules }: Workers): Promise<void> => {
  schedules.stop();
  await Promise.all([sagas.stop(), relay.stop()]);
};

/** Of a module whose data only this process has: it is told of everything that is committed. */
export function ownWork(workers: Workers, onLost: () => void): BackgroundWork {
  const { relay, sagas } = workers;
  return {
    sagas,
    runner: sagas,
    get pending() {
      return sagas.pending;
    },
    get lags() {
      return relay.lags;
    },
    start: () => startWorkers(workers),
    outboxGrew: () => relay.wake(),
    sagaStarted: (name, id) => sagas.wake(name, id),
    ownershipLost: onLost,
    stop: () => stopWorkers(workers),
  };
}

/** So often the owner looks for events and sagas that other replicas have committed. */
const lookMs = 250;
/** After a failure it is tried again so soon. */
const retryMs = 1_000;
/** A runner with so much to do has read what there is. */
const maxPending = 200;

export interface SharedWorkOptions {
  readonly store: ModuleStore;
  /** Makes the workers of one term: those that have been stopped do not begin again. */
  readonly newWorkers: () => Workers;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Of a module whose replicas share the data: one of them does the work, for a term that ends when another one takes over,
 * and looks for what the others have committed. The rest wait for their turn.
 */
export class SharedWork implements BackgroundWork {
  readonly #stop = new AbortController();
  #term: { readonly workers: Workers; readonly end: AbortController } | undefined;
  #running: Promise<void> | undefined;

  readonly sagas: Sagas = {
    settled: (saga, id, ctx, withinMs) =>
      this.#term === undefined
        ? settledElsewhere(this.options, saga, id, ctx, withinMs)
        : this.#term.workers.sagas.settled(saga, id, ctx, withinMs),
  };

  constructor(private readonly options: SharedWorkOptions) {}

  get runner(): SagaRunner | undefined {
    return this.#term?.workers.sagas;
  }

  get pending(): number {
    return this.#term?.workers.sagas.pending ?? 0;
  }

  get lags(): Relay["lags"] {
    return this.#term?.workers.relay.lags ?? [];
  }

  start(): Promise<void> {
    this.#running = this.#run();
    return Promise.resolve();
  }

  outboxGrew(): void {
    this.#term?.workers.relay.wake();
  }

  sagaStarted(name: string, id: string): void {
    this.#term?.workers.sagas.wake(name, id);
  }

  ownershipLost(): void {
    this.options.logger.info("Another replica does the background work now.");
    this.#term?.end.abort();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#term?.end.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { store, clock, logger } = this.options;
    const { signal } = this.#stop;
    let failures = 0;
    while (!signal.aborted) {
      try {
        if (await store.own(signal)) await this.#serveTerm();
        failures = 0;
      } catch (error) {
        const level = failures++ === 0 ? "warn" : "debug";
        logger[level]("The background work cannot be done now; it is tried again.", { error });
        await sleep(clock, retryMs, signal);
      }
    }
  }

  async #serveTerm(): Promise<void> {
    const { newWorkers, clock, logger } = this.options;
    const workers = newWorkers();
    const end = new AbortController();
    this.#term = { workers, end };
    if (this.#stop.signal.aborted) end.abort();
    try {
      await startWorkers(workers);
      while (await sleep(clock, lookMs, end.signal)) {
        workers.relay.wake();
        if (workers.sagas.pending >= maxPending) continue;
        await workers.sagas.recover().catch((error: unknown) => {
          logger.debug("Sagas could not be looked for; it is tried again.", { error });
        });
      }
    } finally {
      this.#term = undefined;
      await stopWorkers(workers);
    }
  }
}
