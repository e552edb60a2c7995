import type { Kysely } from "kysely";
import type { Tx } from "../core/work.js";

/** A module's own database; nobody else reads it. Repositories ask for it in their constructor. */
export abstract class Database<Tables = any> {
  /** For queries; sees what is committed and waits for no writer. */
  abstract readonly read: Kysely<Tables>;
  /** For changes, inside `Work.commit`. */
  abstract in(tx: Tx): Kysely<Tables>;
}
