import type { CallContext } from "../core/context.js";
import type { ClientOf } from "../core/client.js";
import { type Contract, DefinitionError } from "../core/contract.js";
import type { ErrorMessage } from "../core/message.js";
import type { Constructor, SagaReference } from "../core/module.js";
import type { OutputOf, Schema } from "../core/schema.js";
import { validatorOf } from "../core/validation.js";
import type { Tx } from "../core/work.js";
import { checkRetry, type Retry } from "./retry.js";

type Contracts = Readonly<Record<string, Contract>>;
type Clients<R extends Contracts> = { readonly [K in keyof R]: ClientOf<R[K]> };

/** One step: what it does, what of its result the saga keeps, and how it is taken back. */
export interface Step<S, R extends Contracts, T = any> {
  readonly run: (state: S, clients: Clients<R>, ctx: CallContext) => Promise<T>;
  /** What to write into the state for later steps. */
  readonly keep?: (result: T) => Partial<S>;
  /** Must be harmless where `run` never happened: after a lost answer nobody knows. */
  readonly undo?: (state: S, clients: Clients<R>, ctx: CallContext) => Promise<unknown>;
  /** How it is tried again. `attempts` bounds `run` only: an `undo` is tried until it succeeds, or is parked. */
  readonly retry?: Retry;
  /** How long one attempt may take, in milliseconds; by default 10,000. */
  readonly timeoutMs?: number;
}

/** How a saga ends in the owner's own data; runs in the commit that marks the end, so exactly once. */
interface Ending<S> {
  readonly target: Constructor;
  readonly run: (target: any, tx: Tx, state: S, failure: ErrorMessage | undefined) => Promise<unknown>;
}

/** A step of a definition; what is not called by users may have the module's own objects made. */
export interface NamedStep<S, R extends Contracts> extends Omit<Step<S, R>, "run"> {
  readonly name: string;
  readonly run: (
    state: S,
    clients: Clients<R>,
    ctx: CallContext,
    resolve: (target: Constructor) => unknown,
  ) => Promise<any>;
}

interface SagaParts<S, R extends Contracts> {
  readonly name: string;
  readonly version: number;
  readonly validate: (state: unknown) => S;
  readonly contracts: R;
  readonly steps: readonly NamedStep<S, R>[];
  /** How long it tries to go forward before it turns back, in milliseconds since its start. */
  readonly deadlineMs: number;
  /** What it does where it can go forward no more: undo its steps, or wait for a person. */
  readonly atDeadEnd: "undo" | "park";
  /** Whether its row goes when it is completed, since nobody can ask for it. */
  readonly isForgotten: boolean;
  readonly completed?: Ending<S>;
  readonly compensated?: Ending<S>;
}

/** A durable process over several modules: its steps run in order, and are undone in reverse where one is refused. */
export class Saga<S = any, R extends Contracts = any> implements SagaReference<S> {
  readonly name: string;
  readonly version: number;
  readonly validate: (state: unknown) => S;
  readonly requires: readonly Contract[];

  constructor(readonly parts: SagaParts<S, R>) {
    this.name = parts.name;
    this.version = parts.version;
    this.validate = parts.validate;
    this.requires = Object.values(parts.contracts);
  }

  #with(change: Partial<SagaParts<S, any>>): Saga<S, any> {
    return new Saga<S, any>({ ...this.parts, ...change });
  }

  /** The contracts its steps call, by the name under which the steps use them. */
  requiring<R2 extends Contracts>(contracts: R2): Saga<S, R2> {
    return this.#with({ contracts });
  }

  /**
   * How long it tries to go forward before it turns back, in milliseconds since its start, by default 60,000. Looked at
   * when a step has failed, so each step is tried once however late it is, and by the wall clock, which outlives the
   * process.
   */
  deadline(deadlineMs: number): Saga<S, R> {
    if (!(deadlineMs > 0)) {
      throw new DefinitionError(`saga ${this.name}: deadline: give a number of milliseconds above 0`);
    }
    return this.#with({ deadlineMs });
  }

  /** Adds a step at the end. A step's calls carry keys made from saga and step, so a repeated step has one effect. */
  step<T>(name: string, step: Step<S, R, T>): Saga<S, R> {
    if (this.parts.steps.some((other) => other.name === name)) {
      throw new DefinitionError(`saga ${this.name}: step ${name} is there twice; a step's name makes its keys`);
    }
    checkRetry(`saga ${this.name}: step ${name}`, step.retry);
    return this.#with({ steps: [...this.parts.steps, { ...step, name }] });
  }

  /** What to commit when every step has run. */
  onCompleted<T>(target: Constructor<T>, run: (target: T, tx: Tx, state: S) => Promise<unknown>): Saga<S, R> {
    return this.#with({ completed: { target, run } });
  }

  /** What to commit when every step has been undone. `failure` says why it came to that. */
  onCompensated<T>(
    target: Constructor<T>,
    run: (target: T, tx: Tx, state: S, failure: ErrorMessage | undefined) => Promise<unknown>,
  ): Saga<S, R> {
    return this.#with({ compensated: { target, run } });
  }
}

/** Begins the definition of a saga: `defineSaga("place-order", 1, OrderState).requiring({ inventory }).step(…)`. */
export const defineSaga = <T extends Schema>(name: string, version: number, state: T): Saga<OutputOf<T>, {}> => {
  const parts = { deadlineMs: 60_000, atDeadEnd: "undo", isForgotten: false } as const;
  return new Saga({ name, version, validate: validatorOf(state), contracts: {}, steps: [], ...parts });
};

/** The definition by which a saga was started; undefined where the module no longer has it. */
export const sagaOf = (
  sagas: readonly Saga[],
  { name, version }: { readonly name: string; readonly version: number },
): Saga | undefined => sagas.find((known) => known.name === name && known.version === version);
