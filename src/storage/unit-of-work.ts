import type { Kysely } from "kysely";
import type { Clock } from "../core/clock.js";
import type { Context } from "../core/context.js";
import type { EventDefinition } from "../core/contract.js";
import { errorOf, isError } from "../core/error.js";
import type { Ids } from "../core/ids.js";
import { errorFrom, errorMessageOf } from "../core/message.js";
import { eventMethod, type SagaReference } from "../core/module.js";
import type { InputOf } from "../core/schema.js";
import { invalidArgument, type Validator, validatorOf } from "../core/validation.js";
import { committed, type KeyedCall, keyedCall, type Tx } from "../core/work.js";
import { enterInbox, findReply, insertEvent, insertSaga, type Origin, storeReply } from "./framework-rows.js";
import type { Turn } from "./group-commit.js";
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

/** A transaction as its module holds it. */
export interface OpenTx extends Tx {
  readonly db: Kysely<any>;
  readonly turn: Turn;
  open: boolean;
}

/** What one commit of a module is made of, inside its transaction. */
export class UnitOfWork {
  readonly #payloadValidators = new Map<EventDefinition, Validator>();

  constructor(
    private readonly module: string,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly listener: CommitListener,
    /** What `Tx.send` starts. */
    private readonly send: SagaReference,
  ) {}

  /** Everything that must be true together. A declared error of a keyed call is a result: its change is undone, itself stored. */
  async run<T>(
    place: Pick<OpenTx, "db" | "turn">,
    context: Context,
    change: (tx: Tx) => Promise<T>,
    after: (() => void)[],
  ): Promise<{ output?: T; error?: Error }> {
    const { db, turn } = place;
    const first = !context.knows(committed);
    if (first && context.event !== undefined) await enterInbox(db, context, this.clock.wallTime());
    const keyed = first ? (context.local.get(keyedCall) as KeyedCall | undefined) : undefined;
    if (keyed === undefined) return { output: await this.#change(place, context, change, after) };

    const stored = await findReply(db, keyed, this.clock.wallTime());
    if (stored !== undefined) {
      const { committed: reply } = stored;
      return "error" in reply ? { error: errorFrom(reply.error) } : { output: reply.output as T };
    }
    await run(db, "savepoint effect");
    try {
      const output = await this.#change(place, context, change, after);
      await storeReply(db, keyed, { output: output ?? null }, this.clock.wallTime());
      return { output };
    } catch (error) {
      if (turn.isOver || !isError(error) || error.reason === undefined) throw error;
      await run(db, "rollback to effect");
      after.length = 0;
      await storeReply(db, keyed, { error: errorMessageOf(error) }, this.clock.wallTime());
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
      send: ({ name: service, version }, method, input) =>
        tx.start(this.send, this.ids.uuid(), { service, version, method, input }),
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
