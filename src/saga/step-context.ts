import { Cancellation } from "../core/cancellation.js";
import type { Clock } from "../core/clock.js";
import { type Context, type Principal, rootContext } from "../core/context.js";
import { errorOf, isError } from "../core/error.js";
import type { Tracer, Within } from "../core/span.js";
import type { SagaRow } from "../storage/framework-tables.js";

/** What work on behalf of a saga has around it. */
export interface Surroundings {
  readonly clock: Clock;
  /** Cancels it, and with it what it calls. */
  readonly stop: Cancellation;
  /** How long it may take, in milliseconds. */
  readonly timeoutMs?: number | undefined;
  readonly idempotencyKey?: string;
  /** What is done, for whoever looks at the trace: the module and the step. */
  readonly service: string;
  readonly step: string;
  readonly tracer?: Tracer | undefined;
  readonly within?: Within | undefined;
}

const defaultTimeoutMs = 10_000;

/** Runs something in a context that ends with it: on behalf of whoever began the saga, cancelled when that is to stop. */
export async function withSagaContext<T>(
  row: SagaRow,
  around: Surroundings,
  run: (ctx: Context) => Promise<T>,
): Promise<T> {
  const { clock, stop, timeoutMs = defaultTimeoutMs, idempotencyKey, service, step, tracer, within } = around;
  const cancellation = new Cancellation(stop);
  const context = rootContext(clock, timeoutMs, {
    headers: JSON.parse(row.headers) as Record<string, string>,
    principal: row.principal === null ? undefined : (JSON.parse(row.principal) as Principal),
    idempotencyKey,
    cancellation,
  });
  tracer?.begin(context, { kind: "step", service, method: `${row.name}/${step}`, detail: row.id });
  let code = "internal";
  try {
    const result = await (within === undefined ? run(context) : within(context, () => run(context)));
    code = "ok";
    return result;
  } catch (error) {
    if (isError(error)) code = error.code;
    throw error;
  } finally {
    cancellation.detach();
    if (context.span !== undefined) tracer?.end(context.span, code);
  }
}

/** As `withSagaContext`, for a step: one that heeds neither its cancellation nor its time is left behind. */
export const withStepContext = <T>(row: SagaRow, around: Surroundings, run: (ctx: Context) => Promise<T>): Promise<T> =>
  withSagaContext(row, around, async (ctx) => {
    const { cancellation } = ctx;
    const cancelled = new Promise<never>((_resolve, reject) => cancellation.listen(reject));
    const { timeoutMs = defaultTimeoutMs } = around;
    const cancelTimer = around.clock.after(timeoutMs, () =>
      cancellation.cancel(errorOf("deadline_exceeded", `It took longer than ${timeoutMs} ms.`, { outcome: "unknown" })),
    );
    try {
      return await Promise.race([run(ctx), cancelled]);
    } finally {
      cancelTimer();
    }
  });
