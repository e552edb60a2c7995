import type { Kysely } from "kysely";
import { Database } from "./database.js";
import type { FrameworkTables } from "./framework-tables.js";
import { run } from "./run.js";

/** How much work a module has begun and not ended. Two that are equal: nothing has begun or ended between them. */
export interface Standing {
  readonly sagas: number;
  readonly openSagas: number;
  /** Left to a person. */
  readonly parkedSagas: number;
  readonly events: number;
  /** Events that a subscriber has not confirmed, counted once for each subscriber. */
  readonly openEvents: number;
  /** Events that this module could not handle: left to a person. */
  readonly deadLetters: number;
}

export interface ReadOnlyStoreOptions {
  readonly module: string;
  /** One connection. */
  readonly read: Kysely<any>;
  /** Begins a transaction that sees one moment. */
  readonly begin: string;
  readonly close: () => Promise<void>;
}

/** A module's data for somebody who only looks, also while the module runs in another process. */
export class ReadOnlyStore extends Database {
  constructor(private readonly options: ReadOnlyStoreOptions) {
    super();
  }

  get module(): string {
    return this.options.module;
  }

  get read(): Kysely<any> {
    return this.options.read;
  }

  in(): never {
    throw new Error(`${this.module}: its data is only read here.`);
  }

  /** Runs queries, each of which sees the data of one and the same moment. */
  async snapshot<T>(query: () => Promise<T>): Promise<T> {
    await run(this.read, this.options.begin);
    try {
      return await query();
    } finally {
      await run(this.read, "rollback");
    }
  }

  /** `subscribers`: subscribing module → names of this module's at-least-once events it wants. */
  async standing(subscribers: ReadonlyMap<string, { readonly events: ReadonlySet<string> }>): Promise<Standing> {
    const db = this.read as Kysely<FrameworkTables>;
    const phases = await db
      .selectFrom("pangaea_saga")
      .select(["phase", ({ fn }) => fn.countAll<number>().as("count")])
      .groupBy("phase")
      .execute();
    const sagasIn = (...wanted: string[]) =>
      phases.filter(({ phase }) => wanted.includes(phase)).reduce((sum, { count }) => sum + count, 0);
    const last = await db
      .selectFrom("pangaea_outbox")
      .select(({ fn }) => fn.max("position").as("position"))
      .executeTakeFirst();
    let openEvents = 0;
    for (const [subscriber, { events }] of subscribers) {
      openEvents += await this.#unconfirmed(db, subscriber, [...events]);
    }
    const dead = await db
      .selectFrom("pangaea_dead_letter")
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .executeTakeFirst();
    return {
      sagas: phases.reduce((sum, { count }) => sum + count, 0),
      openSagas: sagasIn("forward", "undo"),
      parkedSagas: sagasIn("parked"),
      events: last?.position ?? 0,
      openEvents,
      deadLetters: dead?.count ?? 0,
    };
  }

  close(): Promise<void> {
    return this.options.close();
  }

  async #unconfirmed(db: Kysely<FrameworkTables>, subscriber: string, names: readonly string[]): Promise<number> {
    const cursor = db.selectFrom("pangaea_cursor").select("position").where("subscriber", "=", subscriber);
    const position = (await cursor.executeTakeFirst())?.position ?? 0;
    const counted = await db
      .selectFrom("pangaea_outbox")
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .where("position", ">", position)
      .where("name", "in", names)
      .executeTakeFirst();
    return counted?.count ?? 0;
  }
}
