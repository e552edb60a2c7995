import { type Kysely, sql } from "kysely";

/** An event that was committed and is to be delivered. `position` follows commit order. Times are epoch milliseconds. */
export interface OutboxRow {
  readonly position: number;
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly key: string;
  readonly payload: string;
  readonly headers: string;
  readonly principal: string | null;
  readonly created_at: number;
}

type SagaPhase = "forward" | "undo" | "completed" | "compensated" | "parked";

/** A saga: where it stands, and with what state. `step` is the next one to run, or to undo. */
export interface SagaRow {
  readonly name: string;
  readonly id: string;
  readonly version: number;
  readonly state: string;
  readonly phase: SagaPhase;
  readonly step: number;
  readonly failure: string | null;
  readonly headers: string;
  readonly principal: string | null;
  readonly created_at: number;
  readonly updated_at: number;
}

/** The tables that Pangaea keeps in every module's database, beside the module's own. */
export interface FrameworkTables {
  pangaea_outbox: Omit<OutboxRow, "position"> & { readonly position?: number };
  pangaea_cursor: { readonly subscriber: string; readonly position: number };
  pangaea_inbox: { readonly method: string; readonly event_id: string; readonly handled_at: number };
  pangaea_idempotency: {
    readonly procedure: string;
    readonly principal: string;
    readonly key: string;
    readonly input_hash: string;
    readonly reply: string;
    readonly created_at: number;
  };
  pangaea_saga: SagaRow;
}

const statements = [
  `create table pangaea_outbox (
    position integer primary key autoincrement, id text not null unique, name text not null, version integer not null,
    key text not null, payload text not null, headers text not null, principal text, created_at integer not null)`,
  `create table pangaea_cursor (subscriber text primary key, position integer not null)`,
  `create table pangaea_inbox (method text not null, event_id text not null, handled_at integer not null,
    primary key (method, event_id))`,
  `create table pangaea_idempotency (
    procedure text not null, principal text not null, key text not null, input_hash text not null, reply text not null,
    created_at integer not null, primary key (procedure, principal, key))`,
  `create index pangaea_idempotency_age on pangaea_idempotency (created_at)`,
  `create table pangaea_saga (
    name text not null, id text not null, version integer not null, state text not null, phase text not null,
    step integer not null, failure text, headers text not null, principal text, created_at integer not null,
    updated_at integer not null, primary key (name, id))`,
  `create index pangaea_saga_open on pangaea_saga (phase) where phase in ('forward', 'undo')`,
];

/** The framework's own migration; runs before the module's. */
export const frameworkMigration = {
  name: "0000-pangaea",
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
