import type { Call, Layer } from "../core/call.js";
import type { Code } from "../core/code.js";
import type { Contract } from "../core/contract.js";
import { errorOf, isError, type PangaeaError, withFields } from "../core/error.js";
import type { Logger } from "../core/logger.js";
import { traceFields } from "../core/span.js";
import { frameworkErrors, thrownError } from "../core/work.js";

/** Codes that say as much to the caller's caller as to the caller, but must not be retried one hop further away. */
const passedOn: ReadonlySet<Code> = new Set(["canceled", "deadline_exceeded", "unavailable", "resource_exhausted"]);

/**
 * Server side: what leaves a service is a declared error of its contract, one of the few codes that pass through, or
 * `internal`. Anything else a handler throws is logged here and not described to the caller.
 */
export const errorBoundary = (contract: Contract, logger: Logger): Layer => ({
  role: "error-boundary",
  why: "Around the service alone, so that what it throws is never taken for a refusal by a layer, and no caller sees a stack, a query or a neighbour's error.",
  fail: (thrown, call) => judge(thrown, call, contract, logger),
});

function judge(thrown: unknown, call: Call, contract: Contract, logger: Logger): PangaeaError {
  if (isError(thrown)) {
    if (isDeclared(thrown, contract)) return withFields(thrown, { outcome: "failed" });
    if (passedOn.has(thrown.code) && thrown.reason === undefined) {
      return withFields(thrown, { outcome: "unknown", retryable: false });
    }
  }
  const cause = isError(thrown) && thrown.cause instanceof Error ? thrown.cause : thrown;
  logger.error(`${call.service}.${call.method} failed with an error its contract does not declare.`, {
    method: `${call.service}.${call.method}`,
    caller: call.caller,
    ...traceFields(call.context),
    error: thrown,
    ...(cause === thrown ? {} : { cause }),
  });
  // For the dead letters, whose reader must know it.
  if (call.kind === "event") call.context.local.set(thrownError, thrown);
  const requestId = call.context.headers["x-request-id"];
  const where = requestId === undefined ? "" : ` The log has it under request ${requestId}.`;
  return errorOf("internal", `${call.service}.${call.method} failed.${where}`, { outcome: "failed" });
}

function isDeclared(error: PangaeaError, contract: Contract): boolean {
  if (error.reason === undefined) return false;
  const declared = Object.hasOwn(contract.errors, error.reason) ? contract.errors[error.reason] : undefined;
  if (declared !== undefined && declared.domain === error.domain) return true;
  return error.domain === "pangaea" && Object.hasOwn(frameworkErrors, error.reason);
}
