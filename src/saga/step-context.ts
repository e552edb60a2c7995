import { Cancellation } from "../core/cancellation.js";
import type { Clock } from "../core/clock.js";
import { type Context, type Principal, rootContext } from "../core/context.js";
import type { SagaRow } from "../storage/framework-tables.js";

/** How long one step's calls may take. */
const stepDeadlineMs = 10_000;

/** Runs one step in a context that ends with it: on behalf of whoever began the saga, cancelled when the module stops. */
export async function withStepContext<T>(
  row: SagaRow,
  clock: Clock,
  stop: Cancellation,
  run: (ctx: Context) => Promise<T>,
): Promise<T> {
  const cancellation = new Cancellation(stop);
  const context = rootContext(clock, stepDeadlineMs, {
    headers: JSON.parse(row.headers) as Record<string, string>,
    principal: row.principal === null ? undefined : (JSON.parse(row.principal) as Principal),
    cancellation,
  });
  try {
    return await run(context);
  } finally {
    cancellation.detach();
  }
}
