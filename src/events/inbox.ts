import type { Call, Layer } from "../core/call.js";
import type { Clock } from "../core/clock.js";
import type { Context } from "../core/context.js";
import { errorOf, isError } from "../core/error.js";
import type { Logger } from "../core/logger.js";
import { traceFields } from "../core/span.js";
import { committed, replaying, thrownError } from "../core/work.js";
import { producerOf } from "../storage/framework-rows.js";
import type { ModuleStore } from "../storage/module-store.js";
import { run } from "../storage/run.js";
import { hasDeadLetter, park } from "./dead-letters.js";

/**
 * So often an event is tried before it goes to the dead letters. With three, one of 40,000 innocent ones in the simulation was
 * under way each time that its process was killed for something else.
 */
const maxAttempts = 5;

const relaxed = { relaxed: true };

export interface InboxOptions {
  readonly store: ModuleStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Stands before every handler of an at-least-once event. Counts the attempt before the handler runs, so that one which
 * ends the process counts as well; drops what has had its effect; and parks what cannot be handled, together with later
 * events of its key.
 */
export function inbox(options: InboxOptions): Layer {
  const { store, clock, logger } = options;
  const pruned = new Map<string, number>();

  /** `undefined`: go on with this attempt. */
  const begin = (call: Call): Promise<number | undefined> => {
    const { id, method, key, position = null, floor = 0 } = call.context.event!;
    const producer = producerOf(method);
    const known = pruned.get(producer) ?? 0;
    if (floor > known) pruned.set(producer, floor);
    return store.record(async (db) => {
      if (floor > known) {
        await run(db, "delete from pangaea_inbox where producer = ? and position <= ? and handled_at is not null", [
          producer,
          floor,
        ]);
      }
      const { rows } = await run<{ attempts: number; handled_at: number | null }>(
        db,
        `insert into pangaea_inbox (method, event_id, producer, position, attempts) values (?, ?, ?, ?, 1)
          on conflict (method, event_id) do update set attempts = pangaea_inbox.attempts + 1
          returning attempts, handled_at`,
        [method, id, producer, position],
      );
      const { attempts, handled_at } = rows[0]!;
      if (handled_at !== null) return undefined;
      const isBehind = await hasDeadLetter(db, producer, key);
      if (!isBehind && attempts <= maxAttempts) return attempts;
      const error = isBehind ? undefined : errorOf("aborted", "Its handler ended with the process, or never ended.");
      await park(db, call, isBehind ? 0 : attempts - 1, error, clock.wallTime());
      logger.error(isBehind ? "An event was parked behind another one of its key." : "An event was parked.", {
        event: method,
        id,
        key,
        ...traceFields(call.context),
      });
      return undefined;
    }, relaxed);
  };

  const fail = async (call: Call, attempts: number, error: unknown): Promise<boolean> => {
    const { id, method, key } = call.context.event!;
    if (isPassing(error)) {
      await store.record(
        (db) =>
          run(
            db,
            "update pangaea_inbox set attempts = attempts - 1 where method = ? and event_id = ? and handled_at is null",
            [method, id],
          ),
        relaxed,
      );
      return false;
    }
    if (attempts < maxAttempts) return false;
    const thrown = call.context.local.get(thrownError) ?? error;
    await store.record((db) => park(db, call, attempts, thrown, clock.wallTime()));
    logger.error(`An event was parked after ${attempts} attempts: pangaea events dead`, {
      event: method,
      id,
      key,
      ...traceFields(call.context),
      error,
    });
    return true;
  };

  return {
    role: "inbox",
    why: "Around everything of an event's handling: each attempt is counted before anything of it runs.",
    interceptor: (next) => async (call) => {
      const context: Context = call.context;
      const { event } = context;
      if (event?.position === undefined || context.knows(replaying)) return next(call);
      const attempts = await begin(call);
      if (attempts === undefined) return { output: {} };
      try {
        const reply = await next(call);
        if (!context.knows(committed)) await markHandled(store, call, clock.wallTime());
        return reply;
      } catch (error) {
        if (await fail(call, attempts, error)) return { output: {} };
        throw error;
      }
    },
  };
}

/** For a handler that commits nothing of its own. */
const markHandled = (store: ModuleStore, { context }: Call, now: number) =>
  store.record(
    (db) =>
      run(db, "update pangaea_inbox set handled_at = ? where method = ? and event_id = ? and handled_at is null", [
        now,
        context.event!.method,
        context.event!.id,
      ]),
    relaxed,
  );

/** Whether an error says nothing against the event: what it needs is away, or its handling was cut short from outside. */
const isPassing = (error: unknown): boolean =>
  isError(error) && ["unavailable", "resource_exhausted", "canceled"].includes(error.code);
