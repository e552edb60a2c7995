import { Cancellation } from "../core/cancellation.js";
import type { Call, Handler } from "../core/call.js";
import { rootContext } from "../core/context.js";
import type { Contract, EventDefinition } from "../core/contract.js";
import type { Constructor, Module } from "../core/module.js";
import { validatorOf } from "../core/validation.js";
import { DeadLetters } from "../events/dead-letters.js";
import { inbox } from "../events/inbox.js";
import { Relay, type Subscriber } from "../events/relay.js";
import type { Saga } from "../saga/define-saga.js";
import type { Schedule } from "../saga/define-schedule.js";
import type { SagaSurroundings } from "../saga/saga-course.js";
import { SagaOperator } from "../saga/saga-operator.js";
import { SagaRunner } from "../saga/saga-runner.js";
import { ScheduleRunner } from "../saga/schedule-runner.js";
import { sendSaga } from "../saga/send.js";
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

/** What an operator can see and do of a module with data. */
export interface ModuleOperations {
  readonly sagas: SagaOperator;
  readonly deadLetters: DeadLetters;
}

/** A module that runs here: started, serving, drained or stopped on its own, while its neighbours go on. */
export interface RunningModule {
  readonly name: string;
  /** Work that goes on without a caller: sagas under way. */
  readonly pending: number;
  /** Missing where the module has no data. */
  readonly operations: ModuleOperations | undefined;
  /** Answers what is under way, stops relays and sagas where they stand, releases the database. */
  stop(): Promise<void>;
}

/** Opens a module's data, makes its objects and serves it. Leaves nothing open where it fails. */
export async function startModule(module: Module, around: ModuleSurroundings): Promise<RunningModule> {
  const { host } = around;
  const logger = around.parts.logger.child({ module: module.name });
  const parts = { ...around.parts, logger };
  const send = sendSaga(module.requires);
  let background: BackgroundWork | undefined;
  let operations: ModuleOperations | undefined;
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
          send,
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
      const surroundings = {
        store,
        clientOf: client,
        resolve: (target: Constructor) => resolve(target),
        clock: parts.clock,
        logger,
        failpoints: parts.failpoints,
      };
      const sagas = [...(module.sagas as readonly Saga[]), send];
      const newWorkers = () => workersOf(module, sagas, surroundings, around);
      background = store.isShared
        ? new SharedWork({ store, newWorkers, clock: parts.clock, logger })
        : ownWork(newWorkers(), () => around.onOwnershipLost(module.name));
      operations = {
        sagas: new SagaOperator(sagas, () => background!.runner, surroundings),
        // The stack of calls from outside, because that one keeps a deadline: what is dead may never have returned.
        deadLetters: new DeadLetters({ store, handle: host.remote, clock: parts.clock }),
      };
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
    operations,
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

function workersOf(
  module: Module,
  sagas: readonly Saga[],
  surroundings: SagaSurroundings,
  { subscribers, deliver }: ModuleSurroundings,
): Workers {
  const runner = new SagaRunner({ ...surroundings, sagas });
  return {
    sagas: runner,
    schedules: new ScheduleRunner({
      ...surroundings,
      schedules: module.schedules as readonly Schedule[],
      started: (name, id) => runner.wake(name, id),
    }),
    relay: new Relay({ ...surroundings, subscribers, deliver }),
  };
}
