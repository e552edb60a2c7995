import type { ErrorMessage } from "../core/message.js";
import type { SagaResult, Tx } from "../core/work.js";
import { run } from "../storage/run.js";
import type { SagaRow } from "../storage/framework-tables.js";
import type { ChangeOptions } from "../storage/group-commit.js";
import type { ModuleStore } from "../storage/module-store.js";

type Settled = Exclude<SagaResult["status"], "running">;

/** The phases in which a saga has come to its end, and what its waiters are told. */
export const settledAs: Partial<Record<SagaRow["phase"], Settled>> = {
  completed: "completed",
  compensated: "compensated",
  parked: "parked",
};

/** Why a saga turned back, as it was written down. */
export const failureOf = (row: SagaRow): ErrorMessage | undefined =>
  row.failure === null ? undefined : (JSON.parse(row.failure) as ErrorMessage);

/** The row of a saga, or undefined where none was started. */
export async function loadSaga(store: ModuleStore, name: string, id: string): Promise<SagaRow | undefined> {
  const select = "select * from pangaea_saga where name = ? and id = ?";
  const { rows } = await run<SagaRow>(store.framework, select, [name, id]);
  return rows[0];
}

/** Writes down how far a saga has come. */
export async function saveSaga(
  store: ModuleStore,
  { phase, step, state, failure, updated_at, name, id }: SagaRow,
  options: ChangeOptions,
): Promise<void> {
  await store.update(
    (db) =>
      run(
        db,
        "update pangaea_saga set phase = ?, step = ?, state = ?, failure = ?, updated_at = ? where name = ? and id = ?",
        [phase, step, state, failure, updated_at, name, id],
      ),
    options,
  );
}

/** Marks the end of a saga in an open transaction; says false, and changes nothing, where it has ended before. */
export async function endSaga(
  store: ModuleStore,
  tx: Tx,
  { phase, step, state, updated_at, name, id }: SagaRow,
): Promise<boolean> {
  const { numAffectedRows } = await run(
    store.in(tx),
    `update pangaea_saga set phase = ?, step = ?, state = ?, updated_at = ?
      where name = ? and id = ? and phase in ('forward', 'undo')`,
    [phase, step, state, updated_at, name, id],
  );
  return numAffectedRows !== 0n;
}
