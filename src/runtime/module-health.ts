import { type Clock, sleep } from "../core/clock.js";
import { isError } from "../core/error.js";
import type { Readiness } from "../core/gateway.js";
import type { RunningModule } from "./module-runtime.js";

/** A database that has not answered in this time is taken for away. */
const answerWithinMs = 500;

/** Whether the databases of running modules answer. Asked when somebody wants to know, one question at a time each. */
export class ModuleHealth {
  readonly #asking = new Map<RunningModule, Promise<string | undefined>>();

  constructor(private readonly clock: Clock) {}

  /** What keeps these modules from doing their work. */
  async waitingFor(modules: Iterable<RunningModule>): Promise<Readiness["waitingFor"]> {
    const answers = await Promise.all(
      [...modules].map(async (module) => [module.name, await this.#ask(module)] as const),
    );
    return answers.flatMap(([name, reason]) => (reason === undefined ? [] : [{ name, reason }]));
  }

  async #ask(module: RunningModule): Promise<string | undefined> {
    let asking = this.#asking.get(module);
    if (asking === undefined) {
      asking = module
        .ping()
        .then(() => undefined, reasonOf)
        .finally(() => this.#asking.delete(module));
      this.#asking.set(module, asking);
    }
    const answered = new AbortController();
    const late = sleep(this.clock, answerWithinMs, answered.signal).then(() => "Its database does not answer.");
    try {
      return await Promise.race([asking, late]);
    } finally {
      answered.abort();
    }
  }
}

const reasonOf = (error: unknown): string => (isError(error) ? error.message : `Its database failed: ${String(error)}`);
