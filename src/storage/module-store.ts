import type { Kysely } from "kysely";
import type { Clock } from "../core/clock.js";
import type { CallContext, Context } from "../core/context.js";
import type { EventDefinition } from "../core/contract.js";
import { errorOf, isError } from "../core/error.js";
import type { Ids } from "../core/ids.js";
import { errorFrom, errorMessageOf } from "../core/message.js";
import { eventMethod, type Migration } from "../core/module.js";
import type { InputOf } from "../core/schema.js";
import { invalidArgument, type Validator, validatorOf } from "../core/validation.js";
import { type KeyedCall, keyedCall, openTransaction, type Tx, type Work } from "../core/work.js";
import { Database } from "./database.js";
import { enterInbox, findReply, insertEvent, insertSaga, type Origin, run, storeReply } from "./framework-rows.js";
import type { FrameworkTables } from "./framework-tables.js";
import { migrate } from "./migrate.js";
import { openSqlite, type SqliteFile } from "./sqlite-file.js";

/** What a commit left behind for others to carry on: told after it, never inside it. */
export interface CommitListener {
  /** At-least-once events stand in the outbox. */
  outboxGrew(): void;
  sagaStarted(name: string, id: string): void;
  /** A best-effort event, to be published now. */
  publish(event: EventDefinition, payload: unknown): void;
}

const handledOnce = Symbol("first commit of this handling");

interface OpenTx extends Tx {
  readonly db: Kysely<any>;
}

/** A module's database with its unit of work and the framework's rows in it. */
export class ModuleStore extends Database implements Work {
  readonly #payloadValidators = new Map<EventDefinition, Validator>();

  private constructor(
    readonly module: string,
    readonly file: SqliteFile,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly listener: CommitListener,
  ) {
    super();
  }

  /** Opens the module's file under `dataDir` and brings its tables up to date. */
  static async open(options: {
    module: string;
    dataDir: string;
    migrations: readonly Migration[];
    clock: Clock;
    ids: Ids;
    listener: CommitListener;
  }): Promise<ModuleStore> {
    const file = openSqlite(`${options.dataDir}/${options.module}.db`);
    try {
      await migrate(options.module, file.write, options.migrations);
    } catch (error) {
      await file.close();
      throw error;
    }
    return new ModuleStore(options.module, file, options.clock, options.ids, options.listener);
  }

  get read(): Kysely<any> {
    return this.file.read;
  }

  /** The framework's own rows, for the relay and the saga runner. */
  get framework(): Kysely<FrameworkTables> {
    return this.file.write as Kysely<FrameworkTables>;
  }

  in(tx: Tx): Kysely<any> {
    return (tx as OpenTx).db;
  }

  close(): Promise<void> {
    return this.file.close();
  }

  async commit<T>(ctx: CallContext, change: (tx: Tx) => Promise<T>): Promise<T> {
    const context = ctx as Context;
    if (context.knows(openTransaction)) {
      throw errorOf("failed_precondition", `${this.module}: work.commit inside work.commit; pass tx on instead.`);
    }
    const cancelled = context.cancellation.reason;
    if (cancelled !== undefined) throw cancelled;
    if (context.remainingMs() === 0) {
      throw errorOf("deadline_exceeded", "The deadline passed before the commit began.", { outcome: "not-executed" });
    }
    context.local.set(openTransaction, true);
    const after: (() => void)[] = [];
    try {
      const result = await this.file.write.transaction().execute((db) => this.#run(db, context, change, after));
      context.local.set(handledOnce, true);
      for (const action of after) action();
      if (result.error !== undefined) throw result.error;
      return result.output as T;
    } finally {
      context.local.delete(openTransaction);
    }
  }

  /** Everything that must be true together. A declared error of a keyed call is a result: its change is undone, itself stored. */
  async #run<T>(
    db: Kysely<any>,
    context: Context,
    change: (tx: Tx) => Promise<T>,
    after: (() => void)[],
  ): Promise<{ output?: T; error?: Error }> {
    const first = !context.knows(handledOnce);
    if (first && context.event !== undefined) await enterInbox(db, context, this.clock.wallTime());
    const keyed = first ? (context.local.get(keyedCall) as KeyedCall | undefined) : undefined;
    if (keyed === undefined) return { output: await this.#change(db, context, change, after) };

    const stored = await findReply(db, keyed, this.clock.wallTime());
    if (stored !== undefined) {
      return "error" in stored ? { error: errorFrom(stored.error) } : { output: stored.output as T };
    }
    await run(db, "savepoint change");
    try {
      const output = await this.#change(db, context, change, after);
      await storeReply(db, keyed, { output: output ?? null }, this.clock.wallTime());
      return { output };
    } catch (error) {
      if (!isError(error) || error.reason === undefined) throw error;
      await run(db, "rollback to change");
      after.length = 0;
      await storeReply(db, keyed, { error: errorMessageOf(error) }, this.clock.wallTime());
      return { error };
    }
  }

  async #change<T>(
    db: Kysely<any>,
    context: Context,
    change: (tx: Tx) => Promise<T>,
    after: (() => void)[],
  ): Promise<T> {
    const rows: (() => Promise<void>)[] = [];
    const tx: OpenTx = {
      db,
      emit: (event, payload) => {
        if (event.service !== this.module) {
          throw errorOf(
            "internal",
            `${this.module} cannot emit ${eventMethod(event)}: a module emits only its own events.`,
          );
        }
        const valid = this.#validPayload(event, payload);
        if (event.delivery === "best-effort") {
          after.push(() => this.listener.publish(event, valid));
          return;
        }
        const row = { event, id: this.ids.uuid(), payload: valid, origin: this.#originOf(context) };
        rows.push(() => insertEvent(db, row));
        after.push(() => this.listener.outboxGrew());
      },
      start: (saga, id, state) => {
        const valid = saga.validate(state);
        const row = { saga, id, state: valid, origin: this.#originOf(context) };
        rows.push(() => insertSaga(db, row));
        after.push(() => this.listener.sagaStarted(saga.name, id));
      },
    };
    const output = await change(tx);
    for (const insert of rows) await insert();
    return output;
  }

  #originOf(context: Context): Origin {
    const { headers, principal } = context;
    return { headers, principal, createdAt: this.clock.wallTime() };
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
