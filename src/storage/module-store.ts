import type { Kysely } from "kysely";
import type { Clock } from "../core/clock.js";
import type { CallContext, Context } from "../core/context.js";
import { errorOf } from "../core/error.js";
import { type Failpoints, inertFailpoints } from "../core/failpoints.js";
import type { Ids } from "../core/ids.js";
import type { Migration, SagaReference } from "../core/module.js";
import {
  type Answers,
  committed,
  type KeyedCall,
  openTransaction,
  type StoredReply,
  type Tx,
  type Work,
} from "../core/work.js";
import type { Backend } from "./backend.js";
import { Database } from "./database.js";
import { findReply, storeAnswer } from "./framework-rows.js";
import type { FrameworkTables } from "./framework-tables.js";
import { type ChangeOptions, GroupCommit, type Turn } from "./group-commit.js";
import { migrate } from "./migrate.js";
import { createLeaseTable, ownerLease, Ownership } from "./ownership.js";
import { run } from "./run.js";
import { type CommitListener, type OpenTx, UnitOfWork } from "./unit-of-work.js";

export interface ModuleStoreOptions {
  readonly module: string;
  readonly backend: Backend;
  readonly migrations: readonly Migration[];
  readonly clock: Clock;
  readonly ids: Ids;
  readonly listener: CommitListener;
  /** What `Tx.send` starts. */
  readonly send: SagaReference;
  readonly failpoints?: Failpoints;
  /** So long another owner of the data may take to leave it, in milliseconds. */
  readonly takeOverMs?: number;
}

const defaultTakeOverMs = 15_000;

/** A module's database with its unit of work and the framework's rows in it. */
export class ModuleStore extends Database implements Work, Answers {
  readonly module: string;
  readonly #unit: UnitOfWork;
  readonly #backend: Backend;
  readonly #commits: GroupCommit;
  readonly #ownership: Ownership;
  readonly #clock: Clock;
  readonly #failpoints: Failpoints;
  /** Where the data has one owner every transaction is the owner's; else only some are. */
  #hasOneOwner = false;
  #closed = false;

  private constructor({
    module,
    backend,
    clock,
    ids,
    listener,
    send,
    failpoints = inertFailpoints,
  }: ModuleStoreOptions) {
    super();
    this.module = module;
    this.#backend = backend;
    this.#clock = clock;
    this.#unit = new UnitOfWork(module, clock, ids, listener, send);
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

  /** Commits that wait or are under way. */
  get pendingCommits(): number {
    return this.#commits.pending;
  }

  /** Asks the database for nothing; rejects as a query would. */
  async ping(): Promise<void> {
    await run(this.#backend.read, "select 1");
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
        const result = await this.#unit.run({ db, turn }, context, change, after);
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
}
