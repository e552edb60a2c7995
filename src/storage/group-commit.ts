import type { Kysely } from "kysely";
import { type Clock, sleep } from "../core/clock.js";
import { errorOf, type PangaeaError } from "../core/error.js";
import type { Backend, StorageFault } from "./backend.js";
import { run } from "./run.js";

export interface ChangeOptions {
  /** Need not survive a power cut, only the end of the process: what is lost is found out and done again. */
  readonly relaxed?: boolean;
  /** When nobody waits for it any more, on the clock's `now`. */
  readonly deadline?: number;
}

/** A change's place in its transaction; once that is over, what still goes on of the change must not touch the next one's. */
export interface Turn {
  readonly isOver: boolean;
}

interface Change {
  readonly work: (db: Kysely<any>, turn: Turn) => Promise<unknown>;
  readonly relaxed: boolean;
  readonly deadline: number;
  resolve(value: any): void;
  reject(error: unknown): void;
}

/** So many changes share a transaction at most. */
const maxGroup = 64;
/** So long one change may take: it holds up all others, so it must not wait for anything. */
const maxChangeMs = 5_000;
/** So long a change without a deadline waits for a lock. */
const maxWaitMs = 15_000;
const maxQueue = 10_000;

/**
 * Commits changes one after another, in the order in which they were asked for. All that wait at one moment share a
 * transaction, each in a savepoint of its own, so that one flush to the disk serves them all. A change is settled after
 * its transaction, and never before.
 */
export class GroupCommit {
  #queue: Change[] = [];
  #draining = false;
  #damaged: PangaeaError | undefined;
  #idle: (() => void)[] = [];

  constructor(
    private readonly backend: Backend,
    private readonly clock: Clock,
    /** Looks, in each transaction, whether this process may still write; throws where not. */
    private readonly guard: (db: Kysely<any>) => Promise<void>,
  ) {}

  /** Changes that are not settled. */
  get pending(): number {
    return this.#queue.length + (this.#draining ? 1 : 0);
  }

  /** Runs `work` inside a transaction; resolves when it is committed, rejects with nothing of it done. */
  run<T>(work: (db: Kysely<any>, turn: Turn) => Promise<T>, options: ChangeOptions = {}): Promise<T> {
    const { relaxed = false, deadline = this.clock.now() + maxWaitMs } = options;
    return new Promise<T>((resolve, reject) => {
      if (this.#damaged !== undefined) throw this.#damaged;
      if (this.#queue.length >= maxQueue) {
        throw errorOf("resource_exhausted", "Too many changes wait for this database.", { outcome: "not-executed" });
      }
      this.#queue.push({ work, relaxed, deadline, resolve, reject });
      if (!this.#draining) {
        this.#draining = true;
        // What else this tick asks for comes along.
        queueMicrotask(() => void this.#drain());
      }
    });
  }

  /** Resolves when everything asked for so far is settled. */
  idle(): Promise<void> {
    return this.#draining ? new Promise((resolve) => this.#idle.push(resolve)) : Promise.resolve();
  }

  async #drain(): Promise<void> {
    let failures = 0;
    while (this.#queue.length > 0) {
      try {
        await this.backend.write.connection().execute((db) => this.#group(db));
        failures = 0;
      } catch (error) {
        const fault = this.backend.faultOf(error);
        if (fault?.kind === "busy" && this.#dropLate(fault)) {
          await sleep(this.clock, Math.min(2 ** failures++, 50));
          continue;
        }
        if (fault?.kind === "damaged") this.#damaged = fault.error;
        // Nothing of what waits has begun.
        const waiting = this.#queue;
        this.#queue = [];
        for (const { reject } of waiting) reject(fault?.error ?? error);
      }
    }
    this.#draining = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Gives up what has waited too long; says whether anything is left. */
  #dropLate({ error }: StorageFault): boolean {
    const now = this.clock.now();
    const late = this.#queue.filter(({ deadline }) => deadline <= now);
    if (late.length > 0) this.#queue = this.#queue.filter(({ deadline }) => deadline > now);
    for (const { reject } of late) reject(error);
    return this.#queue.length > 0;
  }

  /** One transaction. Throws, with the queue as it was, where it could not begin. */
  async #group(db: Kysely<any>): Promise<void> {
    const relaxed = this.#queue.every((change) => change.relaxed);
    await this.backend.begin(db, relaxed);
    try {
      await this.guard(db);
    } catch (error) {
      await run(db, "rollback");
      throw error;
    }
    const settle: (() => void)[] = [];
    const group: Change[] = [];
    try {
      while (group.length < maxGroup && this.#queue.length > 0) {
        if (relaxed && !this.#queue[0]!.relaxed) break;
        const change = this.#queue.shift()!;
        group.push(change);
        settle.push(await this.#within(db, change));
      }
      await this.backend.commit(db);
    } catch (error) {
      await run(db, "rollback").catch(() => undefined);
      const fault = this.backend.faultOf(error);
      if (fault?.kind === "damaged") this.#damaged = fault.error;
      for (const { reject } of group) reject(fault?.error ?? error);
      return;
    }
    for (const each of settle) each();
  }

  /** Runs one change in a savepoint and says how it is to be settled; throws where the whole transaction is lost. */
  async #within(db: Kysely<any>, { work, resolve, reject }: Change): Promise<() => void> {
    await run(db, "savepoint change");
    const turn = { isOver: false };
    try {
      const value = await this.#inTime(work(db, turn));
      await run(db, "release change");
      return () => resolve(value);
    } catch (error) {
      turn.isOver = true;
      const fault = this.backend.faultOf(error);
      // A full disk or a lost connection has undone the transaction already.
      if (fault !== undefined) throw error;
      await run(db, "rollback to change");
      await run(db, "release change");
      return () => reject(error);
    }
  }

  async #inTime<T>(working: Promise<T>): Promise<T> {
    let cancel!: () => void;
    const late = new Promise<never>((_resolve, reject) => {
      cancel = this.clock.after(maxChangeMs, () =>
        reject(
          errorOf("deadline_exceeded", `A commit took longer than ${maxChangeMs} ms: wait for others outside of it.`),
        ),
      );
    });
    try {
      return await Promise.race([working, late]);
    } finally {
      cancel();
    }
  }
}
