import assert from "node:assert/strict";
import { type Clock, type Code, isError, type Outcome, type PangaeaError } from "../core/index.js";

/** One sentence of behaviour that every adapter of a port keeps, as data: any test runner can loop over them. */
export interface ConformanceCase<Subject, Features> {
  /** A sentence about behaviour. */
  readonly title: string;
  /** Why the case does not apply to an adapter with these features; undefined where it does. */
  skip?(features: Features): string | undefined;
  /** Rejects with an assertion error where the behaviour is not kept. Leaves nothing running. */
  run(subject: Subject): Promise<void>;
}

/** A promise that somebody else settles. */
export interface Latch<T = void> {
  readonly promise: Promise<T>;
  open(value: T): void;
}

/** Makes a closed latch: the tests' way of waiting for each other without sleeping. */
export function latch<T = void>(): Latch<T> {
  let open!: (value: T) => void;
  const promise = new Promise<T>((resolve) => (open = resolve));
  return { promise, open };
}

/** What `promise` settles with, or an assertion error if that takes longer than `limitMs`. */
export async function within<T>(clock: Clock, limitMs: number, what: string, promise: Promise<T>): Promise<T> {
  let stop = () => {};
  const late = new Promise<never>((_, reject) => {
    stop = clock.after(
      limitMs,
      () => reject(new assert.AssertionError({ message: `${what}: not within ${limitMs} ms` })),
      true,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop();
  }
}

/** The typed error that `promise` rejects with; an assertion error if it is another one, or if there is none. */
export async function rejection(promise: Promise<unknown>, code: Code, ...outcomes: Outcome[]): Promise<PangaeaError> {
  const thrown = await promise.then(
    () => assert.fail(`expected ${code}, but the call succeeded`),
    (error: unknown) => error,
  );
  if (!isError(thrown)) throw new assert.AssertionError({ message: `expected ${code}, got ${String(thrown)}` });
  assert.equal(thrown.code, code, `code of: ${thrown.message}`);
  if (outcomes.length > 0)
    assert.ok(outcomes.includes(thrown.outcome), `outcome ${thrown.outcome} of: ${thrown.message}`);
  return thrown;
}
