import { type Clock, systemIds } from "pangaea";
import { sendSaga } from "../../src/saga/send.js";
import { ModuleStore, type ModuleStoreOptions } from "../../src/storage/module-store.js";
import { openSqlite } from "../../src/storage/sqlite.js";

const listener = { outboxGrew() {}, sagaStarted() {}, publish() {}, ownershipLost() {} };

interface Options extends Partial<Omit<ModuleStoreOptions, "listener">> {
  readonly module: string;
  readonly clock: Clock;
  readonly listener?: Partial<ModuleStoreOptions["listener"]>;
  /** Where no backend is given: the folder of the module's file. */
  readonly dataDir?: string;
}

/** A module's store in a backend, or else in a file under `dataDir` that is not flushed to the disk. */
export const openStore = ({ dataDir, ...options }: Options): Promise<ModuleStore> =>
  ModuleStore.open({
    migrations: [],
    ids: systemIds,
    send: sendSaga([]),
    ...options,
    backend: options.backend ?? openSqlite(`${dataDir}/${options.module}.db`, false),
    listener: { ...listener, ...options.listener },
  });
