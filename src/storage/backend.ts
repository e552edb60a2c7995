import type { Kysely } from "kysely";
import type { PangaeaError } from "../core/error.js";

/** What a failure of the database itself is to a caller, and whether the module can go on. */
export interface StorageFault {
  /** `busy`: another transaction is in the way and will end; `damaged`: nothing stored here can be trusted. */
  readonly kind: "busy" | "full" | "away" | "damaged";
  readonly error: PangaeaError;
}

/** An open database of one module. What differs between SQLite and PostgreSQL stands behind this. */
export interface Backend {
  readonly kind: "sqlite" | "postgres";
  /** Where it is, for messages: a file, or a server and schema, without secrets. */
  readonly place: string;
  /** Where a server keeps this module's tables, apart from those of others. */
  readonly schema?: string;
  /** For queries: sees what is committed, waits for no writer. */
  readonly read: Kysely<any>;
  /** One connection, for one transaction at a time. */
  readonly write: Kysely<any>;
  /** The same connection, for statements that may take as long as they take. */
  readonly migrations: Kysely<any>;
  /**
   * Begins the module's only writing transaction on a connection of `write`, so that positions follow commit order. A
   * `relaxed` one survives the process, and perhaps not a power cut. May fail as `busy`; nothing is open then.
   */
  begin(db: Kysely<any>, relaxed: boolean): Promise<void>;
  /** Ends it. Throws where it was not committed, and as `unknown` where nobody can say. */
  commit(db: Kysely<any>): Promise<void>;
  /** Reads an error that a statement threw; undefined where the statement itself was at fault. */
  faultOf(error: unknown): StorageFault | undefined;
  close(): Promise<void>;
}
