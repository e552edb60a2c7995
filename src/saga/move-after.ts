import type { Code } from "../core/code.js";
import type { PangaeaError } from "../core/error.js";
import type { SagaRow } from "../storage/framework-tables.js";

/** Where a saga goes when a step has failed. `unexpected`: an operator should hear of it. */
export type Move =
  | { readonly to: "retry" }
  | { readonly to: "undo" | "parked"; readonly step: number; readonly unexpected: boolean };

/** How long a saga tries to go forward before it turns back. */
const forwardMs = 60_000;

/** Trying the same again would end the same. */
const hopeless: ReadonlySet<Code> = new Set(["internal", "invalid_argument", "unimplemented"]);

/** What a saga's steps say of turning back. */
type Steps = readonly { readonly undo?: unknown }[];

/**
 * Tries again, turns back, or leaves it to a person. A declared refusal had no effect, so the steps before it are undone;
 * of anything else nobody knows, so the step itself is undone too. A compensation that is refused is parked. Where a step
 * that may have had its effect has no `undo`, there is no way back: then what may pass is tried for as long as it takes,
 * and the rest is left to a person.
 */
export function moveAfter(error: PangaeaError, row: SagaRow, now: number, steps: Steps): Move {
  const refused = error.outcome === "failed" && error.reason !== undefined;
  const park: Move = { to: "parked", step: row.step, unexpected: true };
  if (row.phase === "undo") return refused ? park : { to: "retry" };
  if (refused) {
    const step = row.step - 1;
    return canUndo(steps, step) ? { to: "undo", step, unexpected: false } : park;
  }
  const isHopeless = hopeless.has(error.code);
  if (!isHopeless && now - row.created_at <= forwardMs) return { to: "retry" };
  if (canUndo(steps, row.step)) return { to: "undo", step: row.step, unexpected: true };
  return isHopeless ? park : { to: "retry" };
}

/** Whether every step up to `last`, and including it, can be taken back. */
const canUndo = (steps: Steps, last: number): boolean =>
  steps.slice(0, last + 1).every(({ undo }) => undo !== undefined);
