import type { Backend } from "../storage/backend.js";
import { openSqlite } from "../storage/sqlite.js";
import type { Settings } from "./settings.js";

/** Opens the database of a module: its own SQLite file in the data folder. */
export const openBackend = (module: string, { settings }: { readonly settings: Settings }): Promise<Backend> =>
  Promise.resolve(openSqlite(`${settings.dataDir}/${module}.db`));
