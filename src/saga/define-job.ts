import type { CallContext, Context } from "../core/context.js";
import type { Constructor } from "../core/module.js";
import type { OutputOf, Schema } from "../core/schema.js";
import { validatorOf } from "../core/validation.js";
import { keyedCall, type KeyedCall } from "../core/work.js";
import { Saga } from "./define-saga.js";
import { checkRetry, type Retry } from "./retry.js";

export interface JobOptions {
  /** By default ten attempts, with pauses from one second to a minute. */
  readonly retry?: Retry;
  /** How long one attempt may take, in milliseconds; by default 10,000. */
  readonly timeoutMs?: number;
}

interface JobSpec<S, T> extends JobOptions {
  readonly name: string;
  readonly version: number;
  readonly validate: (input: unknown) => S;
  readonly target: Constructor<T>;
  readonly run: (target: T, input: S, ctx: CallContext) => Promise<unknown>;
  readonly isForgotten: boolean;
}

const usualRetry: Retry = { attempts: 10, backoffMs: 1_000, maxBackoffMs: 60_000 };

/** A job is a saga of one step that runs in the module itself, and is parked where a saga would turn back. */
export function createJob<S, T>({ name, version, validate, target, run, isForgotten, ...options }: JobSpec<S, T>) {
  const retry = { ...usualRetry, ...options.retry };
  checkRetry(`job ${name}`, retry);
  const step = {
    name: "run",
    retry,
    timeoutMs: options.timeoutMs,
    run(input: S, _clients: unknown, ctx: CallContext, resolve: (target: Constructor) => unknown) {
      // Its first commit has its effect once, however often the job runs.
      const identity: KeyedCall = { procedure: `job ${name}`, principal: "", key: ctx.idempotencyKey!, inputHash: "" };
      (ctx as Context).local.set(keyedCall, identity);
      return run(resolve(target) as T, input, ctx);
    },
  };
  const parts = { deadlineMs: Number.POSITIVE_INFINITY, atDeadEnd: "park", isForgotten } as const;
  return new Saga<S, {}>({ name, version, validate, contracts: {}, steps: [step], ...parts });
}

/**
 * Defines work that a module does later, by itself: `tx.start(job, id, input)` records it, and after the commit it runs
 * until it succeeds, or is parked after its last attempt or a declared refusal. It may run more than once; what its first
 * `work.commit` does happens once, and calls of other modules should go through `tx.send` in it, or carry
 * `ctx.idempotencyKey`.
 */
export const defineJob = <I extends Schema, T>(
  name: string,
  version: number,
  input: I,
  target: Constructor<T>,
  run: (target: T, input: OutputOf<I>, ctx: CallContext) => Promise<unknown>,
  options: JobOptions = {},
): Saga<OutputOf<I>, {}> =>
  createJob({ ...options, name, version, validate: validatorOf(input), target, run, isForgotten: false });
