import type { CallContext } from "../core/context.js";
import type { ClientOf } from "../core/client.js";
import { type Contract, DefinitionError } from "../core/contract.js";
import type { ErrorMessage } from "../core/message.js";
import type { Constructor, SagaReference } from "../core/module.js";
import type { OutputOf, Schema } from "../core/schema.js";
import { validatorOf } from "../core/validation.js";
import type { Tx } from "../core/work.js";

type Contracts = Readonly<Record<string, Contract>>;
type Clients<R extends Contracts> = { readonly [K in keyof R]: ClientOf<R[K]> };

/** One step: what it does, what of its result the saga keeps, and how it is taken back. */
export interface Step<S, R extends Contracts, T = any> {
  readonly run: (state: S, clients: Clients<R>, ctx: CallContext) => Promise<T>;
  /** What to write into the state for later steps. */
  readonly keep?: (result: T) => Partial<S>;
  /** Must be harmless where `run` never happened: after a lost answer nobody knows. */
  readonly undo?: (state: S, clients: Clients<R>, ctx: CallContext) => Promise<unknown>;
}

/** How a saga ends in the owner's own data; runs in the commit that marks the end, so exactly once. */
export interface Ending<S> {
  readonly target: Constructor;
  readonly run: (target: any, tx: Tx, state: S, failure: ErrorMessage | undefined) => Promise<unknown>;
}

/** A durable process over several modules: its steps run in order, and are undone in reverse where one is refused. */
export class Saga<S = any, R extends Contracts = any> implements SagaReference<S> {
  readonly requires: readonly Contract[];

  constructor(
    readonly name: string,
    readonly version: number,
    readonly validate: (state: unknown) => S,
    readonly contracts: R,
    readonly steps: readonly (Step<S, R> & { readonly name: string })[],
    readonly completed: Ending<S> | undefined,
    readonly compensated: Ending<S> | undefined,
  ) {
    this.requires = Object.values(contracts);
  }

  #with(change: {
    contracts?: Contracts;
    steps?: Saga<S, any>["steps"];
    completed?: Ending<S>;
    compensated?: Ending<S>;
  }): Saga<S, any> {
    return new Saga<S, any>(
      this.name,
      this.version,
      this.validate,
      change.contracts ?? this.contracts,
      change.steps ?? this.steps,
      change.completed ?? this.completed,
      change.compensated ?? this.compensated,
    );
  }

  /** The contracts its steps call, by the name under which the steps use them. */
  requiring<R2 extends Contracts>(contracts: R2): Saga<S, R2> {
    return this.#with({ contracts });
  }

  /** Adds a step at the end. A step's calls carry keys made from saga and step, so a repeated step has one effect. */
  step<T>(name: string, step: Step<S, R, T>): Saga<S, R> {
    if (this.steps.some((other) => other.name === name)) {
      throw new DefinitionError(`saga ${this.name}: step ${name} is there twice; a step's name makes its keys`);
    }
    return this.#with({ steps: [...this.steps, { ...step, name }] });
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
export const defineSaga = <T extends Schema>(name: string, version: number, state: T): Saga<OutputOf<T>, {}> =>
  new Saga<OutputOf<T>, {}>(name, version, validatorOf(state), {}, [], undefined, undefined);
