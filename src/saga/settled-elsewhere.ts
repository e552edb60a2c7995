import { type Clock, sleep } from "../core/clock.js";
import type { CallContext, Context } from "../core/context.js";
import { fail } from "../core/error.js";
import type { SagaReference } from "../core/module.js";
import { frameworkErrors, provisional, type SagaResult } from "../core/work.js";
import type { ModuleStore } from "../storage/module-store.js";
import { answerMarginMs } from "./saga-runner.js";
import { loadSaga, settledAs, settledBecause } from "./saga-rows.js";

const lookMs = 100;

/** As `Sagas.settled`, where another replica runs the saga: only the row tells how it ended. */
export async function settledElsewhere(
  { store, clock }: { readonly store: ModuleStore; readonly clock: Clock },
  saga: SagaReference<any>,
  id: string,
  ctx: CallContext,
  withinMs = Number.POSITIVE_INFINITY,
): Promise<SagaResult> {
  const end = clock.now() + Math.max(0, Math.min(withinMs, ctx.remainingMs() - answerMarginMs));
  for (;;) {
    const row = await loadSaga(store, saga.name, id);
    if (row === undefined)
      throw fail(frameworkErrors.SAGA_NOT_FOUND, undefined, `No saga ${saga.name}/${id} was started.`);
    const status = settledAs[row.phase];
    if (status !== undefined) return { status, failure: settledBecause(row) };
    const restMs = end - clock.now();
    const isOver = restMs <= 0 || !(await sleep(clock, Math.min(lookMs, restMs), ctx.signal));
    if (isOver) {
      (ctx as Context).local.set(provisional, true);
      return { status: "running", failure: undefined };
    }
  }
}
