import { CompiledQuery, type Kysely } from "kysely";
import type { Context, Principal } from "../core/context.js";
import type { EventDefinition } from "../core/contract.js";
import { fail } from "../core/error.js";
import type { ErrorMessage } from "../core/message.js";
import type { SagaReference } from "../core/module.js";
import { AlreadyHandled, frameworkErrors, type KeyedCall } from "../core/work.js";
import type { FrameworkTables } from "./framework-tables.js";

type Db = Kysely<FrameworkTables>;

/** Runs a statement as it is written: these are on every call's way, and building their text costs more than running it. */
export const run = <Row = never>(db: Kysely<any>, text: string, parameters: readonly unknown[] = []) =>
  db.executeQuery<Row>(CompiledQuery.raw(text, parameters as unknown[]));

/** How long a key is honoured. */
const idempotencyRetentionMs = 24 * 60 * 60 * 1000;

/** What a keyed call is answered with when it is repeated. */
export type StoredReply = { readonly output: unknown } | { readonly error: ErrorMessage };

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

/** Marks the event of `context` as handled; throws `AlreadyHandled` where it was. */
export async function enterInbox(db: Db, { event }: Context, now: number): Promise<void> {
  const { numAffectedRows } = await run(
    db,
    "insert into pangaea_inbox (method, event_id, handled_at) values (?, ?, ?) on conflict do nothing",
    [event!.method, event!.id, now],
  );
  if (numAffectedRows === 0n) throw new AlreadyHandled();
}

/** The reply stored under a key; throws `IDEMPOTENCY_KEY_REUSED` where the key came with another input. */
export async function findReply(db: Db, keyed: KeyedCall, now: number): Promise<StoredReply | undefined> {
  const { rows } = await run<{ input_hash: string; reply: string }>(
    db,
    `select input_hash, reply from pangaea_idempotency
      where procedure = ? and principal = ? and key = ? and created_at > ?`,
    [keyed.procedure, keyed.principal, keyed.key, now - idempotencyRetentionMs],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  if (row.input_hash !== keyed.inputHash) throw fail(frameworkErrors.IDEMPOTENCY_KEY_REUSED);
  return JSON.parse(row.reply) as StoredReply;
}

/** Stores the reply of a keyed call, over one that is past its time. */
export async function storeReply(db: Db, keyed: KeyedCall, reply: StoredReply, now: number): Promise<void> {
  const { procedure, principal, key, inputHash } = keyed;
  await run(
    db,
    `replace into pangaea_idempotency (procedure, principal, key, input_hash, reply, created_at)
      values (?, ?, ?, ?, ?, ?)`,
    [procedure, principal, key, inputHash, JSON.stringify(reply), now],
  );
}

/** Puts an event into the outbox. */
export async function insertEvent(
  db: Db,
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
  db: Db,
  { saga, id, state, origin }: { saga: SagaReference; id: string; state: unknown; origin: Origin },
): Promise<void> {
  await run(
    db,
    `insert into pangaea_saga (name, id, version, state, phase, step, failure, headers, principal, created_at, updated_at)
      values (?, ?, ?, ?, 'forward', 0, null, ?, ?, ?, ?) on conflict do nothing`,
    [saga.name, id, saga.version, JSON.stringify(state), ...originColumns(origin), origin.createdAt],
  );
}
