import type { Call, Handler, Layer, Reply } from "../core/call.js";
import { type Clock, sleep } from "../core/clock.js";
import { isError } from "../core/error.js";
import type { Ids } from "../core/ids.js";
import type { RetrySettings } from "../core/resilience.js";
import type { RetryBudget } from "./retry-budget.js";

interface RetryParts {
  readonly settings: RetrySettings;
  readonly budget: RetryBudget;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Whether the service keeps the answers of keyed calls: then a key makes a mutation safe to repeat. */
  readonly keepsAnswers: boolean;
}

/**
 * Client side, for another process: tries a call again where its error proves that this is safe, after a pause drawn
 * between 0 and a length that doubles, within the deadline, and as long as the service's budget lasts.
 */
export const retry = (parts: RetryParts): Layer => {
  const { attempts, backoffMs, maxBackoffMs, budgetRatio, budgetPerSecond } = parts.settings;
  return {
    role: "retry",
    why: "Above the balancer, so that the next attempt may go to another endpoint; below the deadline, which all attempts share.",
    settings: `${attempts} attempts, pauses up to ${backoffMs} ms doubled up to ${maxBackoffMs} ms, budget ${Math.round(budgetRatio * 100)} % of the calls + ${budgetPerSecond}/s`,
    interceptor: (next) => (call) => {
      parts.budget.onCall();
      return next(call).catch((error: unknown) => again(call, error, next, parts));
    },
  };
};

async function again(call: Call, first: unknown, next: Handler, parts: RetryParts): Promise<Reply> {
  const { settings, budget, clock, keepsAnswers } = parts;
  const { context } = call;
  let error = first;
  for (let attempt = call.attempt + 1; attempt <= settings.attempts; attempt++) {
    if (!isSafeToRepeat(call, error, keepsAnswers) || context.cancellation.reason !== undefined) break;
    const pauseMs = pauseBefore(attempt, error, parts);
    if (pauseMs >= context.remainingMs() || !(isUnsent(error) || budget.take())) break;
    if (!(await sleep(clock, pauseMs, context.signal))) break;
    try {
      return await next({ ...call, attempt });
    } catch (thrown) {
      error = thrown;
    }
  }
  throw error;
}

/**
 * Whether a call may be made again after this error: the error passes, it is of this hop, nobody has decided anything,
 * and either no handler ran or it does not matter that one did.
 */
function isSafeToRepeat(call: Call, error: unknown, keepsAnswers: boolean): boolean {
  if (!isError(error) || !error.retryable || error.outcome === "failed") return false;
  if (error.outcome !== "unknown") return true;
  return call.effect !== "mutation" || (keepsAnswers && call.context.idempotencyKey !== undefined);
}

/** What never left is no load for the service, and costs nothing of its budget. */
const isUnsent = (error: unknown): boolean => isError(error) && error.outcome === "not-sent";

/** Drawn, so that those who failed together do not come back together; never sooner than the service asked for. */
function pauseBefore(attempt: number, error: unknown, { settings, ids }: RetryParts): number {
  const longest = Math.min(settings.backoffMs * 2 ** (attempt - 2), settings.maxBackoffMs);
  return longest * fraction(ids) + retryAfterMs(error);
}

const fraction = (ids: Ids): number => Number.parseInt(ids.hex(4), 16) / 2 ** 32;

/** How long whoever refused a call asked to be left alone; 0 where it did not say. */
function retryAfterMs(error: unknown): number {
  if (!isError(error) || typeof error.details !== "object" || error.details === null) return 0;
  const { retryAfterMs: asked } = error.details as { retryAfterMs?: unknown };
  return typeof asked === "number" && asked > 0 ? asked : 0;
}
