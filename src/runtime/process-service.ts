import type { Input, Output } from "../core/contract.js";
import { errorOf, fail } from "../core/error.js";
import type { Readiness } from "../core/gateway.js";
import type { Logger } from "../core/logger.js";
import type { ServiceOf } from "../core/module.js";
import { frameworkErrors } from "../core/work.js";
import type { HostedService } from "../server/service-host.js";
import type { ModuleOperations } from "./module-data.js";
import type { RunningModule } from "./module-runtime.js";
import { processContract } from "./process-contract.js";
import type { Stacks } from "./stacks.js";

type ProcessContract = ReturnType<typeof processContract>;
type In<M extends keyof ProcessContract["procedures"]> = Input<ProcessContract, M>;
type Out<M extends keyof ProcessContract["procedures"]> = Promise<Output<ProcessContract, M>>;

/** What a process answers about itself and its modules. */
export class ProcessService implements ServiceOf<ProcessContract> {
  constructor(
    private readonly running: (module: string) => RunningModule | undefined,
    private readonly readiness: () => Promise<Readiness>,
    private readonly logger: Logger,
  ) {}

  async ready(): Out<"ready"> {
    return { waitingFor: [...(await this.readiness()).waitingFor] };
  }

  async sagas({ module, limit, ended }: In<"sagas">): Out<"sagas"> {
    return { sagas: await this.#of(module).sagas.list(limit, ended) };
  }

  async saga({ module, name, id }: In<"saga">): Out<"saga"> {
    return this.#of(module).sagas.show(name, id);
  }

  async retrySaga({ module, name, id, by, why }: In<"retrySaga">): Out<"retrySaga"> {
    return this.#of(module).sagas.retry(name, id, { by, why });
  }

  async abortSaga({ module, name, id, by, why }: In<"abortSaga">): Out<"abortSaga"> {
    return this.#of(module).sagas.abort(name, id, { by, why });
  }

  async deadLetters({ module, limit }: In<"deadLetters">): Out<"deadLetters"> {
    return { deadLetters: await this.#of(module).deadLetters.list(limit) };
  }

  async replayDeadLetters({ module, number }: In<"replayDeadLetters">): Out<"replayDeadLetters"> {
    return this.#of(module).deadLetters.replay(number);
  }

  async discardDeadLetter({ module, number, by, why }: In<"discardDeadLetter">): Out<"discardDeadLetter"> {
    if (!(await this.#of(module).deadLetters.discard(number))) throw fail(frameworkErrors.DEAD_LETTER_NOT_FOUND);
    this.logger.warn("A dead letter was discarded by an operator.", { module, number, by, why });
    return {};
  }

  #of(module: string): ModuleOperations {
    const running = this.running(module);
    if (running === undefined) throw errorOf("unavailable", `${module} is not running now.`);
    if (running.operations === undefined) throw fail(frameworkErrors.MODULE_NOT_FOUND);
    return running.operations;
  }
}

/** A process's own service as its host takes it. */
export function hostedProcess(process: string, service: ProcessService, stacks: Stacks): HostedService {
  const contract = processContract(process);
  return {
    contract,
    service,
    subscriptions: [],
    resolve: () => undefined,
    stackOf: (method, remote) => stacks.server(contract, method, remote),
    eventStackOf: () => [],
  };
}
