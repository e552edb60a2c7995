import type { Contract } from "../core/contract.js";
import type { Constructor, Migration, Module } from "../core/module.js";
import { Relay } from "../events/relay.js";
import type { Saga } from "../saga/define-saga.js";
import { SagaRunner } from "../saga/saga-runner.js";
import { ModuleStore } from "../storage/module-store.js";
import type { ModuleSurroundings } from "./module-runtime.js";

/** A module's database, and what goes on in it by itself. */
export interface ModuleData {
  readonly store: ModuleStore;
  readonly sagas: SagaRunner;
  readonly relay: Relay;
}

export interface ModuleDataOptions {
  readonly module: Module;
  readonly migrations: readonly Migration[];
  readonly around: ModuleSurroundings;
  readonly client: (contract: Contract) => object;
  readonly resolve: (target: Constructor) => unknown;
}

/**
 * Opens a module's database; sagas and relay rest until they are told to begin. A process none of whose modules has data
 * does not load this file, and with it neither SQLite nor the query builder.
 */
export async function openModuleData(options: ModuleDataOptions): Promise<ModuleData> {
  const { module, migrations, around, client, resolve } = options;
  const { clock, ids, logger } = around.parts;
  const store = await ModuleStore.open({
    module: module.name,
    dataDir: around.dataDir,
    migrations,
    clock,
    ids,
    listener: {
      outboxGrew: () => relay.wake(),
      sagaStarted: (name, id) => sagas.wake(name, id),
      publish: around.publish,
    },
  });
  const sagas = new SagaRunner({
    store,
    sagas: module.sagas as readonly Saga[],
    clientOf: client,
    resolve,
    clock,
    logger,
  });
  const relay = new Relay({ store, subscribers: around.subscribers, deliver: around.deliver, clock, logger });
  return { store, sagas, relay };
}
