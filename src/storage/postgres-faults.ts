import { errorOf } from "../core/error.js";
import type { StorageFault } from "./backend.js";

/** What `pg` says, without a code, of a connection that is gone or that nobody answers on. */
const lostConnection =
  /^(?:Connection (?:terminated|ended)|timeout exceeded when trying to connect|Query read timeout|Client (?:has encountered|was closed))/;
/** Node's names for a server that cannot be reached. */
const lostSocket = /^E(?:CONN|PIPE|TIMEDOUT|NOTFOUND|AI_AGAIN|HOSTUNREACH|NETUNREACH)/;
/**
 * SQLSTATEs of a server that goes, comes, is full of connections, is read only (a standby), or has ended a session that
 * sat in an open transaction: https://www.postgresql.org/docs/15/errcodes-appendix.html
 */
const awayStates = /^(?:08...|57P0.|53300|25006|25P03)$/;

const kinds: readonly (readonly [RegExp, StorageFault["kind"], "resource_exhausted" | "unavailable", string])[] = [
  [awayStates, "away", "unavailable", "The database cannot be reached."],
  [/^53100$/, "full", "resource_exhausted", "The disk of the database is full."],
  [/^(?:55P03|40P01|40001)$/, "busy", "unavailable", "The database is locked by another transaction."],
  [/^XX00[12]$/, "damaged", "unavailable", "The database is damaged."],
];

/** What an error of `pg` is to a caller; undefined where the statement itself was at fault. */
export function postgresFaultOf(error: unknown): StorageFault | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  const isLost = code === undefined ? lostConnection.test(error.message) : lostSocket.test(code);
  const [, kind, what, message] = kinds.find(([state]) => isLost || state.test(code ?? "")) ?? [];
  if (kind === undefined) return undefined;
  return { kind, error: errorOf(what!, message!, { outcome: "not-executed", cause: error }) };
}

/** A server that is there and will not have us as configured (SQLSTATE class 28, 3D000, 42501): trying again does not help. */
export const isRefusal = (error: unknown): error is Error =>
  error instanceof Error && /^(?:28...|3D000|42501)$/.test((error as NodeJS.ErrnoException).code ?? "");
