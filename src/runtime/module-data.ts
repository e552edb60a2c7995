import type { Contract } from "../core/contract.js";
import type { Constructor, Migration, Module } from "../core/module.js";
import type { Layer } from "../core/call.js";
import { DeadLetters } from "../events/dead-letters.js";
import { inbox } from "../events/inbox.js";
import { Relay } from "../events/relay.js";
import type { Saga } from "../saga/define-saga.js";
import type { Schedule } from "../saga/define-schedule.js";
import type { SagaSurroundings } from "../saga/saga-course.js";
import { SagaOperator } from "../saga/saga-operator.js";
import { SagaRunner } from "../saga/saga-runner.js";
import { ScheduleRunner } from "../saga/schedule-runner.js";
import { sendSaga } from "../saga/send.js";
import { ModuleStore } from "../storage/module-store.js";
import { type BackgroundWork, ownWork, SharedWork, type Workers } from "./background-work.js";
import { showModule } from "./module-metrics.js";
import type { ModuleSurroundings } from "./module-runtime.js";

/** What an operator can see and do of a module with data. */
export interface ModuleOperations {
  readonly sagas: SagaOperator;
  readonly deadLetters: DeadLetters;
}

/** A module's database, and what goes on in it by itself. */
export interface ModuleData {
  readonly store: ModuleStore;
  /** Rests until it is started. */
  readonly background: BackgroundWork;
  readonly operations: ModuleOperations;
  /** Stands before the handler of each event. */
  readonly inbox: Layer;
  /** Shows its numbers no longer. */
  readonly hide: () => void;
}

export interface ModuleDataOptions {
  readonly module: Module;
  readonly migrations: readonly Migration[];
  readonly around: ModuleSurroundings;
  readonly client: (contract: Contract) => object;
  readonly resolve: (target: Constructor) => unknown;
}

/**
 * Opens a module's database. A process none of whose modules has data does not load this file, and with it neither a
 * database driver nor the query builder.
 */
export async function openModuleData(options: ModuleDataOptions): Promise<ModuleData> {
  const { module, migrations, around, client, resolve } = options;
  const { clock, ids, logger, failpoints, metrics, tracer, within } = around.parts;
  const send = sendSaga(module.requires);
  let background: BackgroundWork | undefined;
  const store = await ModuleStore.open({
    module: module.name,
    backend: await around.openBackend(module.name),
    migrations,
    clock,
    ids,
    failpoints,
    send,
    listener: {
      outboxGrew: () => background?.outboxGrew(),
      sagaStarted: (name, id) => background?.sagaStarted(name, id),
      publish: around.publish,
      ownershipLost: () => background?.ownershipLost(),
    },
  });
  const surroundings = { store, clientOf: client, resolve, clock, logger, failpoints, tracer, within };
  const sagas = [...(module.sagas as readonly Saga[]), send];
  const newWorkers = () => workersOf(module, sagas, surroundings, around);
  const work = store.isShared
    ? new SharedWork({ store, newWorkers, clock, logger })
    : ownWork(newWorkers(), () => around.onOwnershipLost(module.name));
  background = work;
  // The stack of calls from outside, because that one keeps a deadline: what is dead may never have returned.
  const deadLetters = new DeadLetters({ store, handle: around.host.remote, clock });
  const hide = metrics && showModule(metrics, { store, background: work, deadLetters, clock });
  return {
    store,
    background: work,
    operations: { sagas: new SagaOperator(sagas, () => work.runner, surroundings), deadLetters },
    inbox: inbox({ store, clock, logger }),
    hide: () => hide?.(),
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
