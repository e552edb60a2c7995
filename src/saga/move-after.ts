import type { Code } from "../core/code.js";
import type { PangaeaError } from "../core/error.js";
import type { ErrorMessage } from "../core/message.js";
import type { SagaRow } from "../storage/framework-tables.js";
import type { Saga } from "./define-saga.js";
import { pauseAfter } from "./retry.js";

/** Where a saga goes when a step has failed. `unexpected`: an operator should hear of it. */
export type Move =
  | { readonly to: "retry"; readonly pauseMs: number }
  | { readonly to: "undo"; readonly step: number; readonly unexpected: boolean }
  | { readonly to: "parked" };

/** Trying the same again would probably end the same. */
const hopeless: ReadonlySet<Code> = new Set(["internal", "invalid_argument", "unimplemented"]);
/** So often it is tried nevertheless where there is no way back: about half a minute at the usual pauses. */
const maxHopelessAttempts = 10;

/** A declared refusal: it had no effect, and would be the same again. */
export const isRefusal = ({ outcome, reason }: Pick<ErrorMessage, "outcome" | "reason">): boolean =>
  outcome === "failed" && reason !== undefined;

/**
 * Tries again, turns back, or leaves it to a person. A declared refusal had no effect, so the steps before it are undone;
 * of anything else nobody knows, so the step itself is undone too. A compensation is parked where it is refused or keeps
 * failing as only a bug does; while what it needs is merely away it is tried for ever, since what it owes stays owed.
 */
export function moveAfter(error: PangaeaError, row: SagaRow, { parts }: Saga, now: number): Move {
  const failures = row.attempts + 1;
  const retry = parts.steps[row.step]?.retry;
  const again: Move = { to: "retry", pauseMs: pauseAfter(failures, retry) };
  const isHopeless = hopeless.has(error.code);
  const canTurnBack = row.phase === "forward" && parts.atDeadEnd === "undo";
  if (isRefusal(error)) return canTurnBack ? { to: "undo", step: row.step - 1, unexpected: false } : { to: "parked" };
  const bound = row.phase === "forward" ? retry?.attempts : undefined;
  const isLast = failures >= (bound ?? (isHopeless ? maxHopelessAttempts : Number.POSITIVE_INFINITY));
  if (!canTurnBack) return isLast ? { to: "parked" } : again;
  const isLate = now - row.created_at > parts.deadlineMs;
  return isHopeless || isLast || isLate ? { to: "undo", step: row.step, unexpected: true } : again;
}
