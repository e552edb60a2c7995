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

/**
 * Tries again, turns back, or leaves it to a person. A declared refusal had no effect, so the steps before it are undone;
 * of anything else nobody knows, so the step itself is undone too. A compensation that is refused is parked.
 */
export function moveAfter(error: PangaeaError, row: SagaRow, now: number): Move {
  const refused = error.outcome === "failed" && error.reason !== undefined;
  if (row.phase === "undo") return refused ? { to: "parked", step: row.step, unexpected: true } : { to: "retry" };
  if (refused) return { to: "undo", step: row.step - 1, unexpected: false };
  if (hopeless.has(error.code) || now - row.created_at > forwardMs)
    return { to: "undo", step: row.step, unexpected: true };
  return { to: "retry" };
}
