import { type Code, codes } from "./code.js";
import type { InputOf, OutputOf, Schema } from "./schema.js";

/**
 * What is known of the call's effect:
 * - `not-sent`: it never left the caller;
 * - `not-executed`: it arrived, or may have, but no handler ran and none will;
 * - `failed`: the handler ran and answered with this error;
 * - `unknown`: it was sent and nobody can say (a lost connection, a passed deadline).
 */
export type Outcome = "not-sent" | "not-executed" | "failed" | "unknown";

/** An error as a contract declares it. `status` is the HTTP status at the edge, by default that of `code`. */
export interface ErrorSpec {
  readonly code: Code;
  readonly status?: number;
  readonly message?: string;
  readonly details?: Schema;
}

/** A declared error with its name (`reason`) and the service that declared it (`domain`). */
export interface ErrorDefinition<S extends ErrorSpec = ErrorSpec> {
  readonly reason: string;
  readonly domain: string;
  readonly code: Code;
  readonly status: number;
  readonly message: string | undefined;
  readonly details: S["details"];
}

type DetailsInput<D extends ErrorDefinition> = D["details"] extends Schema ? InputOf<D["details"]> : undefined;
type DetailsOutput<D extends ErrorDefinition> = D["details"] extends Schema ? OutputOf<D["details"]> : undefined;

export interface ErrorFields {
  readonly code: Code;
  readonly message: string;
  readonly reason?: string;
  readonly domain?: string;
  readonly details?: unknown;
  readonly outcome?: Outcome;
  /** False where the code would allow another attempt but this error came from a hop further away. */
  readonly retryable?: boolean;
  /** Stays in the process that made it; for logs only. */
  readonly cause?: unknown;
}

const brand = Symbol.for("pangaea.error");

/** The one error class. Recognise it with `isError`: another copy of the package makes errors that are equally good. */
export class PangaeaError extends Error {
  readonly code: Code;
  readonly reason: string | undefined;
  readonly domain: string | undefined;
  readonly details: unknown;
  readonly outcome: Outcome;
  readonly retryable: boolean;
  readonly [brand] = true;

  constructor(fields: ErrorFields) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = "PangaeaError";
    this.code = fields.code;
    this.reason = fields.reason;
    this.domain = fields.domain;
    this.details = fields.details;
    this.outcome = fields.outcome ?? "failed";
    this.retryable = (fields.retryable ?? true) && codes[fields.code].transient;
  }
}

/** Makes an error of one of the sixteen codes, without a reason of its own. */
export const errorOf = (code: Code, message: string, more: Partial<ErrorFields> = {}): PangaeaError =>
  new PangaeaError({ ...more, code, message });

/** The same error with another outcome or retryability. */
export const withFields = (error: PangaeaError, fields: Partial<ErrorFields>): PangaeaError =>
  new PangaeaError({
    code: error.code,
    message: error.message,
    reason: error.reason,
    domain: error.domain,
    details: error.details,
    outcome: error.outcome,
    retryable: error.retryable,
    cause: error.cause,
    ...fields,
  });

/** Makes a declared error to throw: `throw fail(orders.errors.OUT_OF_STOCK, { productId })`. */
export function fail<D extends ErrorDefinition>(
  definition: D,
  details?: DetailsInput<D>,
  message?: string,
): PangaeaError {
  return new PangaeaError({
    code: definition.code,
    reason: definition.reason,
    domain: definition.domain,
    message: message ?? definition.message ?? definition.reason.toLowerCase().replaceAll("_", " "),
    details,
  });
}

/** Whether `error` is Pangaea's, and, with a definition, whether it is that declared error. */
export function isError(error: unknown): error is PangaeaError;
export function isError<D extends ErrorDefinition>(
  error: unknown,
  definition: D,
): error is PangaeaError & { readonly details: DetailsOutput<D> };
export function isError(error: unknown, definition?: ErrorDefinition): boolean {
  if (typeof error !== "object" || error === null || !(brand in error)) return false;
  const known = error as PangaeaError;
  return definition === undefined || (known.reason === definition.reason && known.domain === definition.domain);
}
