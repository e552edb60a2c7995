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

/** `parked`: it waits for a person. `aborted`: a person ended it. */
export type SagaPhase = "forward" | "undo" | "completed" | "compensated" | "parked" | "aborted";

/**
 * A saga: where it stands, and with what state. `step` is the next one to run, or to undo. `failure` says why it turned
 * back, and is null while it goes forward; one that is parked goes on in the direction which that gives.
 */
export interface SagaRow {
  readonly name: string;
  readonly id: string;
  readonly version: number;
  readonly state: string;
  readonly phase: SagaPhase;
  readonly step: number;
  readonly failure: string | null;
  /** How often the step at which it stands has failed, and with what the last time. */
  readonly attempts: number;
  readonly error: string | null;
  /** Part of the keys of its calls: a new one where a person has asked again after a refusal. */
  readonly round: number;
  /** What people did with it: a JSON array of `SagaAct`. */
  readonly history: string;
  readonly headers: string;
  readonly principal: string | null;
  readonly created_at: number;
  readonly updated_at: number;
}

/**
 * An event that reached this module. `attempts` is counted before the handler runs, `handled_at` is written together
 * with the effect. `position` is the event's in its producer's outbox.
 */
interface InboxRow {
  readonly method: string;
  readonly event_id: string;
  readonly producer: string;
  readonly position: number | null;
  readonly attempts: number;
  readonly handled_at: number | null;
}

/** An event that this module could not handle, or that came after such a one of its key; as it was delivered. */
export interface DeadLetterRow {
  readonly number: number;
  readonly producer: string;
  readonly method: string;
  readonly event_id: string;
  readonly key: string;
  readonly version: number;
  readonly payload: string;
  readonly headers: string;
  readonly principal: string | null;
  readonly attempts: number;
  /** What the last attempt ended with; null where an earlier event of the key was in the way. */
  readonly error: string | null;
  readonly parked_at: number;
}

/** The tables that Pangaea keeps in every module's database, beside the module's own. */
export interface FrameworkTables {
  pangaea_outbox: Omit<OutboxRow, "position"> & { readonly position?: number };
  pangaea_cursor: { readonly subscriber: string; readonly position: number; readonly floor: number };
  pangaea_inbox: InboxRow;
  pangaea_dead_letter: Omit<DeadLetterRow, "number"> & { readonly number?: number };
  pangaea_idempotency: {
    readonly procedure: string;
    readonly principal: string;
    readonly key: string;
    readonly input_hash: string;
    readonly reply: string;
    readonly final: string | null;
    readonly created_at: number;
  };
  pangaea_saga: SagaRow;
  /** When a schedule comes next, in epoch milliseconds, and the rule by which that was found. */
  pangaea_schedule: { readonly name: string; readonly rule: string; readonly next_at: number };
}

/** A connection, or an open transaction, with the framework's tables. */
export type FrameworkDb = Kysely<FrameworkTables>;

/** A column that counts up, in the order of the commits: the writers of one database take turns. */
const counted = { sqlite: "integer primary key autoincrement", postgres: "bigserial primary key" };

type Kind = keyof typeof counted;

const first = (kind: Kind) => [
  `create table pangaea_outbox (
    position ${counted[kind]}, id text not null unique, name text not null, version bigint not null,
    key text not null, payload text not null, headers text not null, principal text, created_at bigint not null)`,
  `create table pangaea_cursor (subscriber text primary key, position bigint not null)`,
  `create table pangaea_inbox (method text not null, event_id text not null, handled_at bigint not null,
    primary key (method, event_id))`,
  `create table pangaea_idempotency (
    procedure text not null, principal text not null, key text not null, input_hash text not null, reply text not null,
    created_at bigint not null, primary key (procedure, principal, key))`,
  `create index pangaea_idempotency_age on pangaea_idempotency (created_at)`,
  `create table pangaea_saga (
    name text not null, id text not null, version bigint not null, state text not null, phase text not null,
    step bigint not null, failure text, headers text not null, principal text, created_at bigint not null,
    updated_at bigint not null, primary key (name, id))`,
  `create index pangaea_saga_open on pangaea_saga (phase) where phase in ('forward', 'undo')`,
];

const producerInMethod = {
  sqlite: "substr(method, 1, instr(method, '.') - 1)",
  postgres: "split_part(method, '.', 1)",
};

/** Attempts and dead letters, floors, what a keyed call was answered with, what people did with a saga, and schedules. */
const second = (kind: Kind) => [
  `alter table pangaea_cursor add column floor bigint not null default 0`,
  `alter table pangaea_inbox rename to pangaea_inbox_before`,
  `create table pangaea_inbox (
    method text not null, event_id text not null, producer text not null, position bigint, attempts bigint not null,
    handled_at bigint, primary key (method, event_id))`,
  `insert into pangaea_inbox (method, event_id, producer, attempts, handled_at)
    select method, event_id, ${producerInMethod[kind]}, 1, handled_at from pangaea_inbox_before`,
  `drop table pangaea_inbox_before`,
  `create index pangaea_inbox_position on pangaea_inbox (producer, position)`,
  `create table pangaea_dead_letter (
    number ${counted[kind]}, producer text not null, method text not null, event_id text not null, key text not null,
    version bigint not null, payload text not null, headers text not null, principal text, attempts bigint not null,
    error text, parked_at bigint not null, unique (method, event_id))`,
  `create index pangaea_dead_letter_key on pangaea_dead_letter (producer, key)`,
  `alter table pangaea_idempotency add column final text`,
  `alter table pangaea_saga add column attempts bigint not null default 0`,
  `alter table pangaea_saga add column error text`,
  `alter table pangaea_saga add column round bigint not null default 0`,
  `alter table pangaea_saga add column history text not null default '[]'`,
  `create table pangaea_schedule (name text primary key, rule text not null, next_at bigint not null)`,
];

/** Sagas that wait for a person are counted at every look at the metrics. */
const third = () => [`create index pangaea_saga_parked on pangaea_saga (name) where phase = 'parked'`];

const migration = (name: string, statements: (kind: Kind) => string[], kind: Kind) => ({
  name,
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements(kind)) await sql.raw(statement).execute(db);
  },
});

/** The framework's own migrations; they run before the module's. */
export const frameworkMigrations = (kind: Kind) => [
  migration("0000-pangaea", first, kind),
  migration("0000-pangaea-2", second, kind),
  migration("0000-pangaea-3", third, kind),
];
