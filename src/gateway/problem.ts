import type { Code } from "../core/code.js";
import { codes } from "../core/code.js";
import type { Contract } from "../core/contract.js";
import { errorOf, isError, type PangaeaError } from "../core/error.js";
import { frameworkErrors } from "../core/work.js";

/** An error body of the edge: RFC 9457, with `code` (the canonical code) and `reason` (the contract's word) added. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: Code;
  readonly reason?: string;
  readonly details?: unknown;
  readonly requestId?: string;
}

const titles: Record<Code, string> = {
  canceled: "Canceled",
  unknown: "Unknown error",
  invalid_argument: "Invalid request",
  deadline_exceeded: "Deadline exceeded",
  not_found: "Not found",
  already_exists: "Already exists",
  permission_denied: "Permission denied",
  resource_exhausted: "Overloaded",
  failed_precondition: "Failed precondition",
  aborted: "Aborted",
  out_of_range: "Out of range",
  unimplemented: "Not implemented",
  internal: "Internal error",
  unavailable: "Unavailable",
  data_loss: "Data loss",
  unauthenticated: "Unauthenticated",
};

/** `OUT_OF_STOCK` → `Out of stock`. */
const titleOf = (reason: string): string => {
  const words = reason.toLowerCase().replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** Which of a client's own limits is reached, a contract says by a reason; without one the system has too much to do. */
const statusWithoutReason = (code: Code): number => (code === "resource_exhausted" ? 503 : codes[code].http);

/** Statuses that the contracts declare for their reasons; a service's errors arrive without them. */
export function statusLookup(contracts: readonly Contract[]): (error: PangaeaError) => number {
  const statuses = new Map<string, number>();
  for (const contract of contracts) {
    for (const { domain, reason, status } of Object.values(contract.errors))
      statuses.set(`${domain} ${reason}`, status);
  }
  for (const { domain, reason, status } of Object.values(frameworkErrors)) statuses.set(`${domain} ${reason}`, status);
  return (error) =>
    error.reason === undefined
      ? statusWithoutReason(error.code)
      : (statuses.get(`${error.domain} ${error.reason}`) ?? codes[error.code].http);
}

/** `Retry-After` of a refusal: as many seconds as whoever refused asks for, one where it does not say. */
export function retryAfterOf(details: unknown): string {
  const { retryAfterMs } = (details ?? {}) as { readonly retryAfterMs?: unknown };
  return String(typeof retryAfterMs === "number" && retryAfterMs > 0 ? Math.ceil(retryAfterMs / 1_000) : 1);
}

/** Any thrown value as a problem. What is not ours says nothing of itself. */
export function problemOf(
  thrown: unknown,
  statusOf: (error: PangaeaError) => number,
  requestId: string | undefined,
): Problem {
  const error = isError(thrown) ? thrown : errorOf("internal", "The request could not be handled.");
  return {
    type: error.reason === undefined ? "about:blank" : `urn:pangaea:${error.domain}:${error.reason}`,
    title: error.reason === undefined ? titles[error.code] : titleOf(error.reason),
    status: statusOf(error),
    detail: error.message,
    code: error.code,
    ...(error.reason === undefined ? {} : { reason: error.reason }),
    ...(error.details === undefined ? {} : { details: error.details }),
    ...(requestId === undefined ? {} : { requestId }),
  };
}
