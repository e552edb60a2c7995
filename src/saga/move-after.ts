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

/** What a saga's steps say of turning back. */
type Steps = readonly { readonly undo?: unknown }[];

/** Whether every step up to `last`, and including it, can be taken back. */
export const canUndo = (steps: Steps, last: number): boolean =>
  steps.slice(0, last + 1).every(({ undo }) => undo !== undefined);

/**
 * Tries again, turns back, or leaves it to a person. A declared refusal had no effect, so the steps before it are undone;
 * of anything else nobody knows, so the step itself is undone too. Where a step that may have had its effect has no
 * `undo` there is no way back, and a compensation has none either: then what may pass is tried for as long as it takes,
 * since what is owed stays owed, and a refusal, or what keeps failing as only a bug does, is left to a person.
 */
export function moveAfter(error: PangaeaError, row: SagaRow, { parts }: Saga, now: number): Move {
  const { steps, deadlineMs, atDeadEnd } = parts;
  const failures = row.attempts + 1;
  const retry = steps[row.step]?.retry;
  const again: Move = { to: "retry", pauseMs: pauseAfter(failures, retry) };
  const canTurn = (from: number) => row.phase === "forward" && atDeadEnd === "undo" && canUndo(steps, from);
  if (isRefusal(error)) {
    const step = row.step - 1;
    return canTurn(step) ? { to: "undo", step, unexpected: false } : { to: "parked" };
  }
  const isHopeless = hopeless.has(error.code);
  const bound = row.phase === "forward" ? retry?.attempts : undefined;
  const isLast = failures >= (bound ?? (isHopeless ? maxHopelessAttempts : Number.POSITIVE_INFINITY));
  if (!canTurn(row.step)) return isLast ? { to: "parked" } : again;
  const isLate = now - row.created_at > deadlineMs;
  return isHopeless || isLast || isLate ? { to: "undo", step: row.step, unexpected: true } : again;
}
