import { Cancellation } from "../core/cancellation.js";
import type { Call, Handler } from "../core/call.js";
import { rootContext } from "../core/context.js";
import type { Contract, EventDefinition } from "../core/contract.js";
import type { Logger } from "../core/logger.js";
import type { Constructor, Module } from "../core/module.js";
import { validatorOf } from "../core/validation.js";
import { inbox } from "../events/inbox.js";
import { Relay, type Subscriber } from "../events/relay.js";
import type { Saga } from "../saga/define-saga.js";
import { SagaRunner } from "../saga/saga-runner.js";
import type { ServiceHost } from "../server/service-host.js";
import type { Backend } from "../storage/backend.js";
import { ModuleStore } from "../storage/module-store.js";
import { type BackgroundWork, ownWork, SharedWork, type Workers } from "./background-work.js";
import { createContainer } from "./container.js";
import type { StackParts, Stacks } from "./stacks.js";

/** What a module needs of the process that runs it. */
export interface ModuleSurroundings {
  readonly parts: StackParts;
  readonly stacks: Stacks;
  readonly host: ServiceHost;
  readonly openBackend: (module: string) => Promise<Backend>;
  /** Another process owns the module's data now. */
  readonly onOwnershipLost: (module: string) => void;
  readonly client: (contract: Contract, caller: string) => object;
  /** Brings an event to a subscribing module, wherever it is. */
  readonly deliver: (call: Call) => ReturnType<Handler>;
  /** Sends a best-effort event to whoever listens. */
  readonly publish: (event: EventDefinition, payload: unknown) => void;
  /** Who wants this module's at-least-once events, by the subscribing module's name. */
  readonly subscribers: ReadonlyMap<string, Subscriber>;
}

const prepareDeadlineMs = 30_000;

/** A module that runs here: started, serving, drained or stopped on its own, while its neighbours go on. */
export interface RunningModule {
  readonly name: string;
  /** Work that goes on without a caller: sagas under way. */
  readonly pending: number;
  /** Answers what is under way, stops relays and sagas where they stand, releases the database. */
  stop(): Promise<void>;
}

/** Opens a module's data, makes its objects and serves it. Leaves nothing open where it fails. */
export async function startModule(module: Module, around: ModuleSurroundings): Promise<RunningModule> {
  const { host } = around;
  const logger = around.parts.logger.child({ module: module.name });
  const parts = { ...around.parts, logger };
  let background: BackgroundWork | undefined;
  const store =
    module.migrations === undefined
      ? undefined
      : await ModuleStore.open({
          module: module.name,
          backend: await around.openBackend(module.name),
          migrations: module.migrations,
          clock: parts.clock,
          ids: parts.ids,
          failpoints: parts.failpoints,
          listener: {
            outboxGrew: () => background?.outboxGrew(),
            sagaStarted: (name, id) => background?.sagaStarted(name, id),
            publish: around.publish,
            ownershipLost: () => background?.ownershipLost(),
          },
        });
  try {
    const client = (contract: Contract) => around.client(contract, module.name);
    let resolve: (target: any) => unknown;
    if (store !== undefined) {
      const newWorkers = () =>
        workersOf(module, { around, store, logger, client, resolve: (target) => resolve(target) });
      background = store.isShared
        ? new SharedWork({ store, newWorkers, clock: parts.clock, logger })
        : ownWork(newWorkers(), () => around.onOwnershipLost(module.name));
    }
    resolve = createContainer(module, {
      clock: parts.clock,
      ids: parts.ids,
      logger,
      events: { publish: (event, payload) => around.publish(event, validatorOf(event.payload)(payload)) },
      data: store === undefined ? undefined : { database: store, work: store, sagas: background!.sagas },
      client,
    });
    const service = resolve(module.service) as object;
    if (module.prepare !== undefined) {
      const context = rootContext(parts.clock, prepareDeadlineMs, { cancellation: new Cancellation() });
      await module.prepare.run(resolve(module.prepare.target), context);
    }
    const ownInbox = store && inbox({ store, clock: parts.clock, logger });
    host.serve({
      contract: module.contract,
      service,
      subscriptions: module.on,
      resolve: (subscription) => resolve(subscription.target),
      stackOf: (method, remote) => around.stacks.server(module.contract, method, remote, store),
      eventStackOf: (subscription, remote) => around.stacks.event(module.contract, subscription, remote, ownInbox),
    });
    await background?.start();
  } catch (error) {
    await host.drain(module.name);
    await background?.stop();
    await store?.close();
    throw error;
  }
  return {
    name: module.name,
    get pending() {
      return background?.pending ?? 0;
    },
    async stop() {
      await host.drain(module.name);
      await background?.stop();
      await store?.close();
    },
  };
}

interface WorkerParts {
  readonly around: ModuleSurroundings;
  readonly store: ModuleStore;
  readonly logger: Logger;
  readonly client: (contract: Contract) => object;
  readonly resolve: (target: Constructor) => unknown;
}

function workersOf(module: Module, { around, store, logger, client, resolve }: WorkerParts): Workers {
  const { clock, failpoints } = around.parts;
  const { subscribers, deliver } = around;
  const sagas = module.sagas as readonly Saga[];
  return {
    sagas: new SagaRunner({ store, sagas, clientOf: client, resolve, clock, logger, failpoints }),
    relay: new Relay({ store, subscribers, deliver, clock, logger, failpoints }),
  };
}
