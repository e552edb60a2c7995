import type { Kysely } from "kysely";
import type { Context, Principal } from "../core/context.js";
import type { EventDefinition } from "../core/contract.js";
import { fail } from "../core/error.js";
import type { ErrorMessage } from "../core/message.js";
import type { SagaReference } from "../core/module.js";
import { AlreadyHandled, frameworkErrors, type KeyedCall } from "../core/work.js";
import type { FrameworkTables } from "./framework-tables.js";

type Db = Kysely<FrameworkTables>;

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

const originColumns = ({ headers, principal, createdAt }: Origin) => ({
  headers: JSON.stringify(headers),
  principal: principal === undefined ? null : JSON.stringify(principal),
  created_at: createdAt,
});

/** Marks the event of `context` as handled; throws `AlreadyHandled` where it was. */
export async function enterInbox(db: Db, { event }: Context, now: number): Promise<void> {
  const row = { method: event!.method, event_id: event!.id, handled_at: now };
  const { numInsertedOrUpdatedRows } = await db
    .insertInto("pangaea_inbox")
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows === 0n) throw new AlreadyHandled();
}

/** The reply stored under a key; throws `IDEMPOTENCY_KEY_REUSED` where the key came with another input. */
export async function findReply(db: Db, keyed: KeyedCall, now: number): Promise<StoredReply | undefined> {
  const row = await db
    .selectFrom("pangaea_idempotency")
    .select(["input_hash", "reply"])
    .where("procedure", "=", keyed.procedure)
    .where("principal", "=", keyed.principal)
    .where("key", "=", keyed.key)
    .where("created_at", ">", now - idempotencyRetentionMs)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  if (row.input_hash !== keyed.inputHash) throw fail(frameworkErrors.IDEMPOTENCY_KEY_REUSED);
  return JSON.parse(row.reply) as StoredReply;
}

/** Stores the reply of a keyed call, over one that is past its time. */
export async function storeReply(db: Db, keyed: KeyedCall, reply: StoredReply, now: number): Promise<void> {
  const { procedure, principal, key, inputHash } = keyed;
  const values = { procedure, principal, key, input_hash: inputHash, reply: JSON.stringify(reply), created_at: now };
  await db.replaceInto("pangaea_idempotency").values(values).execute();
}

/** Puts an event into the outbox. */
export async function insertEvent(
  db: Db,
  { event, id, payload, origin }: { event: EventDefinition; id: string; payload: unknown; origin: Origin },
): Promise<void> {
  const { name, version } = event;
  const values = {
    id,
    name,
    version,
    key: event.key(payload),
    payload: JSON.stringify(payload),
    ...originColumns(origin),
  };
  await db.insertInto("pangaea_outbox").values(values).execute();
}

/** Records a saga at its first step; one that is there already stays as it is. */
export async function insertSaga(
  db: Db,
  { saga, id, state, origin }: { saga: SagaReference; id: string; state: unknown; origin: Origin },
): Promise<void> {
  await db
    .insertInto("pangaea_saga")
    .values({
      name: saga.name,
      id,
      version: saga.version,
      state: JSON.stringify(state),
      phase: "forward",
      step: 0,
      failure: null,
      ...originColumns(origin),
      updated_at: origin.createdAt,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
