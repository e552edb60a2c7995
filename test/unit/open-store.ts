import { type Clock, systemIds } from "pangaea";
import { sendSaga } from "../../src/saga/send.js";
import { ModuleStore, type ModuleStoreOptions } from "../../src/storage/module-store.js";
import { openSqlite } from "../../src/storage/sqlite.js";

const listener = { outboxGrew() {}, sagaStarted() {}, publish() {}, ownershipLost() {} };

interface Options extends Partial<Omit<ModuleStoreOptions, "listener">> {
  readonly dataDir: string;
  readonly module: string;
  readonly clock: Clock;
  readonly listener?: Partial<ModuleStoreOptions["listener"]>;
  /** Flushed to the disk: thousands of commits would take minutes, so most tests do without. */
  readonly durable?: boolean;
}

/** A module's store in a file under `dataDir`. */
export const openStore = ({ dataDir, durable = false, ...options }: Options): Promise<ModuleStore> =>
  ModuleStore.open({
    migrations: [],
    ids: systemIds,
    send: sendSaga([]),
    ...options,
    backend: options.backend ?? openSqlite(`${dataDir}/${options.module}.db`, durable),
    listener: { ...listener, ...options.listener },
  });
