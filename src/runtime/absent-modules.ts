import { type Clock, sleep } from "../core/clock.js";
import { isError } from "../core/error.js";
import type { Logger } from "../core/logger.js";

const retryMs = 1_000;

export interface AbsentModulesOptions {
  readonly start: (module: string) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Modules whose database cannot be reached when the process starts: started as soon as it can be, the others meanwhile. */
export class AbsentModules {
  readonly #stop = new AbortController();
  readonly #reasons = new Map<string, string>();
  readonly #retrying = new Set<Promise<void>>();

  constructor(private readonly options: AbsentModulesOptions) {}

  /** Why a module is not there. */
  reasonOf(module: string): string {
    return this.#reasons.get(module) ?? "the module is not running";
  }

  /** Starts a module now or, where what it needs is away, later. Rejects where it cannot start at all. */
  async start(module: string): Promise<void> {
    if (await this.#isStarted(module)) return;
    this.options.logger.warn(`${module} waits: ${this.#reasons.get(module)} It is tried again.`);
    const retrying = this.#retry(module).finally(() => this.#retrying.delete(retrying));
    this.#retrying.add(retrying);
  }

  /** Tries nothing more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#retrying);
  }

  async #retry(module: string): Promise<void> {
    const { clock, logger } = this.options;
    while (await sleep(clock, retryMs, this.#stop.signal)) {
      try {
        if (!(await this.#isStarted(module))) continue;
        logger.info(`${module} has started.`);
      } catch (error) {
        logger.error(`${module} cannot be started; it is not tried again.`, { error });
      }
      return;
    }
  }

  async #isStarted(module: string): Promise<boolean> {
    try {
      await this.options.start(module);
      this.#reasons.delete(module);
      return true;
    } catch (error) {
      if (!isError(error) || error.code !== "unavailable") throw error;
      this.#reasons.set(module, error.message);
      return false;
    }
  }
}
