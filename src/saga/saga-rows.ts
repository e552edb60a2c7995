import type { ErrorMessage } from "../core/message.js";
import type { SagaResult, Tx } from "../core/work.js";
import { run } from "../storage/run.js";
import type { SagaPhase, SagaRow } from "../storage/framework-tables.js";
import type { ChangeOptions } from "../storage/group-commit.js";
import type { ModuleStore } from "../storage/module-store.js";

type Settled = Exclude<SagaResult["status"], "running">;

/** The phases in which a saga goes no further by itself, and what its waiters are told. */
export const settledAs: Partial<Record<SagaPhase, Settled>> = {
  completed: "completed",
  compensated: "compensated",
  parked: "parked",
  // A person has put right by hand what was to be undone.
  aborted: "compensated",
};

/** Why a saga turned back, as it was written down. */
export const failureOf = (row: SagaRow): ErrorMessage | undefined => messageFrom(row.failure);

/** Why a saga settled as it did: of a parked one what stands in its way, of any other why it turned back. */
export const settledBecause = (row: SagaRow): ErrorMessage | undefined =>
  messageFrom(row.phase === "parked" ? row.error : row.failure);

const messageFrom = (text: string | null): ErrorMessage | undefined =>
  text === null ? undefined : (JSON.parse(text) as ErrorMessage);

/** The row of a saga, or undefined where none was started. */
export async function loadSaga(store: ModuleStore, name: string, id: string): Promise<SagaRow | undefined> {
  const select = "select * from pangaea_saga where name = ? and id = ?";
  const { rows } = await run<SagaRow>(store.framework, select, [name, id]);
  return rows[0];
}

/** Every saga that goes on by itself, the oldest first. */
export async function openSagas(store: ModuleStore): Promise<Pick<SagaRow, "name" | "id" | "version">[]> {
  const select = "select name, id, version from pangaea_saga where phase in ('forward', 'undo') order by created_at";
  return (await run<SagaRow>(store.framework, select)).rows;
}

/** How many sagas go on or wait for a person, by name and phase. Both halves have an index that holds just these. */
export async function countSagas(
  store: ModuleStore,
): Promise<readonly { readonly name: string; readonly phase: SagaPhase; readonly count: number }[]> {
  const count = "select name, phase, count(*) as count from pangaea_saga";
  const select = `${count} where phase in ('forward', 'undo') group by name, phase
    union all ${count} where phase = 'parked' group by name, phase`;
  return (await run<{ name: string; phase: SagaPhase; count: number }>(store.framework, select)).rows;
}

/** Writes down how far a saga has come. */
export async function saveSaga(store: ModuleStore, row: SagaRow, options: ChangeOptions = {}): Promise<void> {
  const { phase, step, state, failure, attempts, error, round, history, updated_at, name, id } = row;
  await store.update(
    (db) =>
      run(
        db,
        `update pangaea_saga set phase = ?, step = ?, state = ?, failure = ?, attempts = ?, error = ?, round = ?,
          history = ?, updated_at = ? where name = ? and id = ?`,
        [phase, step, state, failure, attempts, error, round, history, updated_at, name, id],
      ),
    options,
  );
}

/**
 * Marks the end of a saga in an open transaction, or forgets the saga; says false, and changes nothing, where it has ended
 * before.
 */
export async function endSaga(
  store: ModuleStore,
  tx: Tx,
  { phase, step, state, history, updated_at, name, id }: SagaRow,
  isForgotten: boolean,
): Promise<boolean> {
  const where = "where name = ? and id = ? and phase in ('forward', 'undo', 'parked')";
  const { numAffectedRows } = isForgotten
    ? await run(store.in(tx), `delete from pangaea_saga ${where}`, [name, id])
    : await run(
        store.in(tx),
        `update pangaea_saga set phase = ?, step = ?, state = ?, history = ?, attempts = 0, error = null, updated_at = ?
          ${where}`,
        [phase, step, state, history, updated_at, name, id],
      );
  return numAffectedRows !== 0n;
}
