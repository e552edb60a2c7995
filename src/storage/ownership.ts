import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Kysely } from "kysely";
import { type Clock, sleep } from "../core/clock.js";
import { errorOf } from "../core/error.js";
import type { GroupCommit } from "./group-commit.js";
import { run } from "./run.js";

/** The lease whose holder owns a module's data, or, where replicas share it, the work that is done for all of them. */
export const ownerLease = "owner";
/** A holder shows so often that it is there. */
const beatMs = 1_000;
/** A holder that has not shown itself for so long, on its successor's clock, is taken for dead. */
const leaseMs = 4_000;
const lookMs = 200;

interface LeaseRow {
  readonly epoch: number;
  readonly holder: string | null;
  readonly beat: number;
}

/** Who holds a lease, as it is written down. */
interface Holder {
  readonly host: string;
  readonly pid: number;
  /** Tells two starts of one process apart. */
  readonly start: string;
}

export interface OwnershipOptions {
  /** What is owned, for messages. */
  readonly what: string;
  readonly commits: GroupCommit;
  readonly read: Kysely<any>;
  readonly clock: Clock;
  /** Called once for each time that it was taken, when another process has taken over. */
  readonly onLost: () => void;
}

/** The table must be there before anything is owned, so it is not part of the migrations. */
export const createLeaseTable = (db: Kysely<any>) =>
  run(
    db,
    "create table if not exists pangaea_lease (name text primary key, epoch bigint not null, holder text, beat bigint not null)",
  );

/**
 * The right to do what only one process may do. Every holder has a higher epoch than the one before, and each of its
 * commits looks whether the epoch is still its own: a process that was paused for so long that another took over cannot
 * write any more.
 */
export class Ownership {
  #epoch = 0;
  #lost = false;
  #cancelBeat = () => {};
  readonly #holder: string;

  constructor(
    private readonly name: string,
    private readonly options: OwnershipOptions,
  ) {
    const holder: Holder = { host: hostname(), pid: process.pid, start: randomUUID() };
    this.#holder = JSON.stringify(holder);
  }

  get isHeld(): boolean {
    return this.#epoch > 0 && !this.#lost;
  }

  /**
   * Waits until nobody else is the owner, for `waitMs` milliseconds at most. Throws where somebody still is, naming the
   * process. Says false where `signal` ended the wait.
   */
  async take(waitMs: number, signal?: AbortSignal): Promise<boolean> {
    const { clock, commits, what } = this.options;
    const end = clock.now() + waitMs;
    let seen: { readonly row: LeaseRow; readonly since: number } | undefined;
    for (;;) {
      if (signal?.aborted) return false;
      const row = await this.#row(this.options.read);
      if (seen === undefined || !isSame(row, seen.row)) seen = row && { row, since: clock.now() };
      const isSilent = seen !== undefined && clock.now() - seen.since >= leaseMs;
      // Its own where the answer to an earlier attempt was lost.
      const isFree = row?.holder == null || row.holder === this.#holder || isSilent;
      if (isFree || hasEnded(JSON.parse(row.holder) as Holder)) {
        const epoch = await commits.run((db) => this.#takeOver(db, row));
        if (epoch !== undefined) {
          [this.#epoch, this.#lost] = [epoch, false];
          this.#beat();
          return true;
        }
      } else if (clock.now() >= end) {
        const { host, pid } = JSON.parse(row.holder) as Holder;
        throw new Error(`${what} belongs to a running process (${pid} on ${host}); stop that one first.`);
      }
      await sleep(clock, lookMs, signal);
    }
  }

  /** Throws where this process is not the owner, or no more. For each transaction of the owner. */
  async check(db: Kysely<any>): Promise<void> {
    const { rows } = await run<{ epoch: number }>(db, "select epoch from pangaea_lease where name = ?", [this.name]);
    if (rows[0]?.epoch === this.#epoch && !this.#lost) return;
    if (this.#epoch > 0) this.#lose();
    throw errorOf("unavailable", `${this.options.what} belongs to another process now.`, { outcome: "not-executed" });
  }

  /** Lets the next owner begin at once. */
  async release(): Promise<void> {
    this.#cancelBeat();
    if (!this.isHeld) return;
    const free = (db: Kysely<any>) =>
      run(db, "update pangaea_lease set holder = null where name = ? and epoch = ?", [this.name, this.#epoch]);
    await this.options.commits.run(free).catch(() => undefined);
    this.#lost = true;
  }

  async #row(db: Kysely<any>): Promise<LeaseRow | undefined> {
    const { rows } = await run<LeaseRow>(db, "select epoch, holder, beat from pangaea_lease where name = ?", [
      this.name,
    ]);
    return rows[0];
  }

  /** Takes the lease if it is still as it was `found`, and says its epoch. */
  async #takeOver(db: Kysely<any>, found: LeaseRow | undefined): Promise<number | undefined> {
    if (!isSame(await this.#row(db), found)) return undefined;
    const epoch = (found?.epoch ?? 0) + 1;
    await run(
      db,
      `insert into pangaea_lease (name, epoch, holder, beat) values (?, ?, ?, 0)
        on conflict (name) do update set epoch = excluded.epoch, holder = excluded.holder, beat = 0`,
      [this.name, epoch, this.#holder],
    );
    return epoch;
  }

  #beat(): void {
    this.#cancelBeat = this.options.clock.after(beatMs, () => {
      const { commits } = this.options;
      const beat = (db: Kysely<any>) =>
        run(db, "update pangaea_lease set beat = beat + 1 where name = ? and epoch = ?", [this.name, this.#epoch]);
      const change = async (db: Kysely<any>) => {
        if ((await beat(db)).numAffectedRows === 0n) this.#lose();
      };
      void commits
        .run(change, { relaxed: true })
        // A database that is away for a moment is tried again; who has lost it is told by the next commit.
        .catch(() => undefined)
        .then(() => {
          if (this.isHeld) this.#beat();
        });
    });
  }

  #lose(): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#cancelBeat();
    this.options.onLost();
  }
}

const isSame = (a: LeaseRow | undefined, b: LeaseRow | undefined): boolean =>
  a?.epoch === b?.epoch && a?.beat === b?.beat && a?.holder === b?.holder;

/** Whether a holder on this machine is gone for sure; of another machine nobody knows. */
function hasEnded({ host, pid }: Holder): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
