import type { Context, Principal } from "../core/context.js";
import type { EventDefinition } from "../core/contract.js";
import { fail } from "../core/error.js";
import type { SagaReference } from "../core/module.js";
import { AlreadyHandled, frameworkErrors, type KeyedCall, replaying, type StoredReply } from "../core/work.js";
import type { FrameworkDb } from "./framework-tables.js";
import { run } from "./run.js";

/** How long a key is honoured. */
const idempotencyRetentionMs = 24 * 60 * 60 * 1000;

/** A keyed call that was made before: what its commit gave, and what it was answered with where that is known. */
export interface StoredCall {
  readonly committed: StoredReply;
  readonly final: StoredReply | undefined;
}

/** What an event or saga takes along of the call that began it. `createdAt`: epoch milliseconds. */
export interface Origin {
  readonly headers: Readonly<Record<string, string>>;
  readonly principal: Principal | undefined;
  readonly createdAt: number;
}

const originColumns = ({ headers, principal, createdAt }: Origin) => [
  JSON.stringify(headers),
  principal === undefined ? null : JSON.stringify(principal),
  createdAt,
];

/** The producer in `<producer>.<event>`. */
export const producerOf = (method: string): string => method.slice(0, method.indexOf("."));

/** Marks the event of `context` as handled; throws `AlreadyHandled` where it was. */
export async function enterInbox(db: FrameworkDb, context: Context, now: number): Promise<void> {
  const { id, method, position = null } = context.event!;
  const { numAffectedRows } = await run(
    db,
    `insert into pangaea_inbox (method, event_id, producer, position, attempts, handled_at) values (?, ?, ?, ?, 1, ?)
      on conflict (method, event_id) do update set handled_at = excluded.handled_at
      where pangaea_inbox.handled_at is null`,
    [method, id, producerOf(method), position, now],
  );
  if (numAffectedRows === 0n) throw new AlreadyHandled();
  if (!context.knows(replaying)) return;
  await run(db, "delete from pangaea_dead_letter where method = ? and event_id = ?", [method, id]);
}

/** What is stored under a key; throws `IDEMPOTENCY_KEY_REUSED` where the key came with another input. */
export async function findReply(db: FrameworkDb, keyed: KeyedCall, now: number): Promise<StoredCall | undefined> {
  const { rows } = await run<{ input_hash: string; reply: string; final: string | null }>(
    db,
    `select input_hash, reply, final from pangaea_idempotency
      where procedure = ? and principal = ? and key = ? and created_at > ?`,
    [keyed.procedure, keyed.principal, keyed.key, now - idempotencyRetentionMs],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  if (row.input_hash !== keyed.inputHash) throw fail(frameworkErrors.IDEMPOTENCY_KEY_REUSED);
  return {
    committed: JSON.parse(row.reply) as StoredReply,
    final: row.final === null ? undefined : (JSON.parse(row.final) as StoredReply),
  };
}

/** Stores what a keyed call's commit gave, over a reply that is past its time. */
export async function storeReply(db: FrameworkDb, keyed: KeyedCall, reply: StoredReply, now: number): Promise<void> {
  const { procedure, principal, key, inputHash } = keyed;
  await run(
    db,
    `insert into pangaea_idempotency (procedure, principal, key, input_hash, reply, created_at) values (?, ?, ?, ?, ?, ?)
      on conflict (procedure, principal, key) do update set
      input_hash = excluded.input_hash, reply = excluded.reply, final = null, created_at = excluded.created_at`,
    [procedure, principal, key, inputHash, JSON.stringify(reply), now],
  );
}

/**
 * Stores what a keyed call was answered with; of a call that committed nothing, too. The first answer stays, until it is
 * past its time.
 */
export async function storeAnswer(db: FrameworkDb, keyed: KeyedCall, reply: StoredReply, now: number): Promise<void> {
  const { procedure, principal, key, inputHash } = keyed;
  const text = JSON.stringify(reply);
  await run(
    db,
    "delete from pangaea_idempotency where procedure = ? and principal = ? and key = ? and created_at <= ?",
    [procedure, principal, key, now - idempotencyRetentionMs],
  );
  await run(
    db,
    `insert into pangaea_idempotency (procedure, principal, key, input_hash, reply, final, created_at)
      values (?, ?, ?, ?, ?, ?, ?)
      on conflict (procedure, principal, key) do update set final = excluded.final
      where pangaea_idempotency.final is null and pangaea_idempotency.input_hash = excluded.input_hash`,
    [procedure, principal, key, inputHash, text, text, now],
  );
}

/** Forgets keys that are no longer honoured, some at a time. */
export async function forgetKeys(db: FrameworkDb, now: number): Promise<void> {
  await run(
    db,
    `delete from pangaea_idempotency where (procedure, principal, key) in
      (select procedure, principal, key from pangaea_idempotency where created_at <= ? limit 1000)`,
    [now - idempotencyRetentionMs],
  );
}

/** Puts an event into the outbox. */
export async function insertEvent(
  db: FrameworkDb,
  { event, id, payload, origin }: { event: EventDefinition; id: string; payload: unknown; origin: Origin },
): Promise<void> {
  await run(
    db,
    `insert into pangaea_outbox (id, name, version, key, payload, headers, principal, created_at)
      values (?, ?, ?, ?, ?, ?, ?, ?)`,
    [id, event.name, event.version, event.key(payload), JSON.stringify(payload), ...originColumns(origin)],
  );
}

/** Records a saga at its first step; one that is there already stays as it is. */
export async function insertSaga(
  db: FrameworkDb,
  { saga, id, state, origin }: { saga: SagaReference; id: string; state: unknown; origin: Origin },
): Promise<void> {
  await run(
    db,
    `insert into pangaea_saga
      (name, id, version, state, phase, step, attempts, round, history, headers, principal, created_at, updated_at)
      values (?, ?, ?, ?, 'forward', 0, 0, 0, '[]', ?, ?, ?, ?) on conflict do nothing`,
    [saga.name, id, saga.version, JSON.stringify(state), ...originColumns(origin), origin.createdAt],
  );
}
