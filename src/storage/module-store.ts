import type { Kysely } from "kysely";
import type { Clock } from "../core/clock.js";
import type { CallContext, Context } from "../core/context.js";
import type { EventDefinition } from "../core/contract.js";
import { errorOf, isError } from "../core/error.js";
import { type Failpoints, inertFailpoints } from "../core/failpoints.js";
import type { Ids } from "../core/ids.js";
import { errorFrom, errorMessageOf } from "../core/message.js";
import { eventMethod, type Migration } from "../core/module.js";
import type { InputOf } from "../core/schema.js";
import { invalidArgument, type Validator, validatorOf } from "../core/validation.js";
import {
  type Answers,
  committed,
  type KeyedCall,
  keyedCall,
  openTransaction,
  type StoredReply,
  type Tx,
  type Work,
} from "../core/work.js";
import type { Backend } from "./backend.js";
import { Database } from "./database.js";
import {
  enterInbox,
  findReply,
  insertEvent,
  insertSaga,
  type Origin,
  storeAnswer,
  storeReply,
} from "./framework-rows.js";
import type { FrameworkTables } from "./framework-tables.js";
import { type ChangeOptions, GroupCommit, type Turn } from "./group-commit.js";
import { migrate } from "./migrate.js";
import { createLeaseTable, ownerLease, Ownership } from "./ownership.js";
import { run } from "./run.js";

/** What a commit left behind for others to carry on: told after it, never inside it. */
export interface CommitListener {
  /** At-least-once events stand in the outbox. */
  outboxGrew(): void;
  sagaStarted(name: string, id: string): void;
  /** Another process has taken the data over: this one can write no more. */
  ownershipLost(): void;
  /** A best-effort event, to be published now. */
  publish(event: EventDefinition, payload: unknown): void;
}

interface OpenTx extends Tx {
  readonly db: Kysely<any>;
  readonly turn: Turn;
  open: boolean;
}

export interface ModuleStoreOptions {
  readonly module: string;
  readonly backend: Backend;
  readonly migrations: readonly Migration[];
  readonly clock: Clock;
  readonly ids: Ids;
  readonly listener: CommitListener;
  readonly failpoints?: Failpoints;
  /** So long another owner of the data may take to leave it, in milliseconds. */
  readonly takeOverMs?: number;
}

const defaultTakeOverMs = 15_000;

/** A module's database with its unit of work and the framework's rows in it. */
export class ModuleStore extends Database implements Work, Answers {
  readonly module: string;
  readonly #payloadValidators = new Map<EventDefinition, Validator>();
  readonly #backend: Backend;
  readonly #commits: GroupCommit;
  readonly #ownership: Ownership;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #listener: CommitListener;
  readonly #failpoints: Failpoints;
  /** Where the data has one owner every transaction is the owner's; else only some are. */
  #hasOneOwner = false;
  #closed = false;

  private constructor({ module, backend, clock, ids, listener, failpoints = inertFailpoints }: ModuleStoreOptions) {
    super();
    this.module = module;
    this.#backend = backend;
    this.#clock = clock;
    this.#ids = ids;
    this.#listener = listener;
    this.#failpoints = failpoints;
    this.#commits = new GroupCommit(backend, clock, (db) => this.#guard(db));
    this.#ownership = new Ownership(ownerLease, {
      what: `The data of ${module} (${backend.place})`,
      commits: this.#commits,
      read: backend.read,
      clock,
      onLost: () => listener.ownershipLost(),
    });
  }

  /** Takes over a module's data and brings its tables up to date. Closes the backend where it fails. */
  static async open(options: ModuleStoreOptions): Promise<ModuleStore> {
    const { module, backend, migrations, takeOverMs = defaultTakeOverMs } = options;
    const store = new ModuleStore(options);
    try {
      await store.#commits.run(createLeaseTable);
      if (backend.kind === "sqlite") store.#hasOneOwner = await store.#ownership.take(takeOverMs);
      await migrate(module, backend, migrations);
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  get read(): Kysely<any> {
    return this.#backend.read;
  }

  /** Whether other replicas may commit to the same data, so that not everything that changes is told to `listener`. */
  get isShared(): boolean {
    return !this.#hasOneOwner;
  }

  /** The framework's own rows as they are committed, for the relay and the saga runner. */
  get framework(): Kysely<FrameworkTables> {
    return this.#backend.read as Kysely<FrameworkTables>;
  }

  /**
   * Resolves when the work that one process does for all replicas (relay, sagas) is this one's to do: at once where the
   * database has one owner anyway. Says false where `signal` ended the wait.
   */
  async own(signal: AbortSignal): Promise<boolean> {
    return this.#ownership.isHeld || this.#ownership.take(Number.POSITIVE_INFINITY, signal);
  }

  in(tx: Tx): Kysely<any> {
    const { db, turn, open } = tx as OpenTx;
    if (open && !turn.isOver) return db;
    throw errorOf("internal", `${this.module}: a transaction was used after its commit; await everything inside it.`);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#ownership.release();
    await this.#commits.idle();
    await this.#backend.close();
  }

  /** Changes the framework's own rows, on nobody's behalf. Only the owner may. */
  update<T>(change: (db: Kysely<FrameworkTables>) => Promise<T>, options: ChangeOptions = {}): Promise<T> {
    return this.#commits.run(async (db) => {
      await this.#checkOwner(db);
      return change(db);
    }, options);
  }

  /** Changes the framework's own rows on behalf of a call, whichever replica it reached. */
  record<T>(change: (db: Kysely<FrameworkTables>) => Promise<T>, options: ChangeOptions = {}): Promise<T> {
    return this.#commits.run(change, options);
  }

  async answerTo(keyed: KeyedCall): Promise<StoredReply | undefined> {
    return (await findReply(this.framework, keyed, this.#clock.wallTime()))?.final;
  }

  async keepAnswer(keyed: KeyedCall, answer: StoredReply): Promise<void> {
    await this.record((db) => storeAnswer(db, keyed, answer, this.#clock.wallTime()), { relaxed: true });
  }

  commit<T>(ctx: CallContext, change: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#commit(ctx as Context, change, false);
  }

  /** A commit of the owner's own work: refused where another process has taken over. */
  commitAsOwner<T>(ctx: CallContext, change: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#commit(ctx as Context, change, true);
  }

  async #commit<T>(context: Context, change: (tx: Tx) => Promise<T>, asOwner: boolean): Promise<T> {
    if (context.knows(openTransaction)) {
      throw errorOf("failed_precondition", `${this.module}: work.commit inside work.commit; pass tx on instead.`);
    }
    this.#mayBegin(context);
    const after: (() => void)[] = [];
    const work = async (db: Kysely<any>, turn: Turn) => {
      // It may have waited for the commits before it.
      this.#mayBegin(context);
      if (asOwner) await this.#checkOwner(db);
      context.local.set(openTransaction, true);
      try {
        const result = await this.#run({ db, turn }, context, change, after);
        this.#failpoints.hit("commit.before");
        return result;
      } finally {
        context.local.delete(openTransaction);
      }
    };
    const result = await this.#commits.run(work, { deadline: context.deadline });
    this.#failpoints.hit("commit.after");
    context.local.set(committed, true);
    for (const action of after) action();
    if (result.error !== undefined) throw result.error;
    return result.output as T;
  }

  #mayBegin(context: Context): void {
    const cancelled = context.cancellation.reason;
    if (cancelled !== undefined) throw cancelled;
    if (context.remainingMs() === 0) {
      throw errorOf("deadline_exceeded", "The deadline passed before the commit began.", { outcome: "not-executed" });
    }
  }

  async #guard(db: Kysely<any>): Promise<void> {
    if (this.#hasOneOwner) await this.#ownership.check(db);
  }

  async #checkOwner(db: Kysely<any>): Promise<void> {
    if (!this.#hasOneOwner) await this.#ownership.check(db);
  }

  /** Everything that must be true together. A declared error of a keyed call is a result: its change is undone, itself stored. */
  async #run<T>(
    place: Pick<OpenTx, "db" | "turn">,
    context: Context,
    change: (tx: Tx) => Promise<T>,
    after: (() => void)[],
  ): Promise<{ output?: T; error?: Error }> {
    const { db, turn } = place;
    const first = !context.knows(committed);
    if (first && context.event !== undefined) await enterInbox(db, context, this.#clock.wallTime());
    const keyed = first ? (context.local.get(keyedCall) as KeyedCall | undefined) : undefined;
    if (keyed === undefined) return { output: await this.#change(place, context, change, after) };

    const stored = await findReply(db, keyed, this.#clock.wallTime());
    if (stored !== undefined) {
      const { committed: reply } = stored;
      return "error" in reply ? { error: errorFrom(reply.error) } : { output: reply.output as T };
    }
    await run(db, "savepoint effect");
    try {
      const output = await this.#change(place, context, change, after);
      await storeReply(db, keyed, { output: output ?? null }, this.#clock.wallTime());
      return { output };
    } catch (error) {
      if (turn.isOver || !isError(error) || error.reason === undefined) throw error;
      await run(db, "rollback to effect");
      after.length = 0;
      await storeReply(db, keyed, { error: errorMessageOf(error) }, this.#clock.wallTime());
      return { error };
    }
  }

  async #change<T>(
    { db, turn }: Pick<OpenTx, "db" | "turn">,
    context: Context,
    change: (tx: Tx) => Promise<T>,
    after: (() => void)[],
  ): Promise<T> {
    const rows: (() => Promise<void>)[] = [];
    const tx: OpenTx = {
      db,
      turn,
      open: true,
      emit: (event, payload) => {
        if (event.service !== this.module) {
          throw errorOf(
            "internal",
            `${this.module} cannot emit ${eventMethod(event)}: a module emits only its own events.`,
          );
        }
        const valid = this.#validPayload(event, payload);
        if (event.delivery === "best-effort") {
          after.push(() => this.#listener.publish(event, valid));
          return;
        }
        const row = { event, id: this.#ids.uuid(), payload: valid, origin: this.#originOf(context) };
        rows.push(() => insertEvent(db, row));
        after.push(() => this.#listener.outboxGrew());
      },
      start: (saga, id, state) => {
        const valid = saga.validate(state);
        const row = { saga, id, state: valid, origin: this.#originOf(context) };
        rows.push(() => insertSaga(db, row));
        after.push(() => this.#listener.sagaStarted(saga.name, id));
      },
    };
    try {
      const output = await change(tx);
      // It took too long: it is undone, and another change has the transaction now.
      if (turn.isOver) throw errorOf("deadline_exceeded", `${this.module}: a commit went on after its time.`);
      for (const insert of rows) await insert();
      return output;
    } finally {
      tx.open = false;
    }
  }

  #originOf(context: Context): Origin {
    const { headers, principal } = context;
    return { headers, principal, createdAt: this.#clock.wallTime() };
  }

  #validPayload<D extends EventDefinition>(event: D, payload: InputOf<D["payload"]>): unknown {
    let validate = this.#payloadValidators.get(event);
    if (validate === undefined) this.#payloadValidators.set(event, (validate = validatorOf(event.payload)));
    try {
      return validate(payload);
    } catch (error) {
      throw errorOf("internal", invalidArgument(`payload of ${eventMethod(event)}`, error).message);
    }
  }
}
