import { type AuditSpec, equationOf } from "./audit.js";
import type { CallContext } from "./context.js";
import {
  type Contract,
  DefinitionError,
  type EventDefinition,
  type Input,
  type Payload,
  type Result,
} from "./contract.js";
import type { Fallback } from "./fallback.js";

export type Constructor<T = unknown> = new (...args: any[]) => T;

/** What a class must look like to serve a contract: one method per procedure, the context as second argument. */
export type ServiceOf<C extends Contract> = {
  readonly [M in keyof C["procedures"]]: (input: Input<C, M>, ctx: CallContext) => Promise<Result<C, M>>;
};

/** A reaction to another module's event, delivered through this module's own stack. */
export interface Subscription {
  readonly event: EventDefinition;
  readonly target: Constructor;
  readonly handle: (target: any, payload: any, ctx: CallContext) => Promise<unknown>;
  readonly from: StartFrom;
}

/**
 * Where a module begins that is new to a producer's at-least-once events: with the oldest that is retained, or with those
 * committed from now on. Asked once per producer, when it first delivers to the module.
 */
export type StartFrom = "oldest" | "now";

/** `when(orders.events.confirmed, LoyaltyService, (service, payload, ctx) => service.award({ … }, ctx))` */
export const when = <D extends EventDefinition, T>(
  event: D,
  target: Constructor<T>,
  handle: (target: T, payload: Payload<D>, ctx: CallContext) => Promise<unknown>,
  { from = "oldest" }: { readonly from?: StartFrom } = {},
): Subscription => ({ event, target, handle, from });

/** A change of a module's tables; runs once, in the order of the names. `db` is the query builder's handle. */
export interface Migration {
  readonly name: string;
  up(db: any): Promise<void>;
}

/** A saga as the runtime needs to know it; made by `defineSaga`. */
export interface SagaReference<State = any> {
  readonly name: string;
  readonly version: number;
  readonly requires: readonly Contract[];
  /** Checks a state and gives back a copy of it. */
  readonly validate: (state: unknown) => State;
}

/** A schedule as the runtime needs to know it; made by `every` and `cron`. */
export interface ScheduleReference {
  readonly name: string;
  /** What it starts at its moments. */
  readonly job: SagaReference;
}

export interface ModuleSpec<C extends Contract> {
  readonly contract: C;
  readonly service: Constructor<ServiceOf<C>>;
  /** Contracts this module calls. A client of any other is refused. */
  readonly requires?: readonly Contract[];
  /** What it goes on with where a read of one of those fails; made by `fallback`. */
  readonly fallbacks?: readonly Fallback[];
  /** Classes the container makes, once each: repositories, policies. */
  readonly bind?: readonly Constructor[];
  /** Present where the module has data of its own. */
  readonly migrations?: readonly Migration[];
  readonly on?: readonly Subscription[];
  /** What it may start, and what may still be under way: of one name, several versions stand side by side. */
  readonly sagas?: readonly SagaReference[];
  /** Work that its transactions start and that it does by itself; made by `defineJob`, with versions as sagas have. */
  readonly jobs?: readonly SagaReference[];
  readonly schedules?: readonly ScheduleReference[];
  /** Its books, for `pangaea audit`. */
  readonly audit?: AuditSpec;
  /** Runs once the module's own database is ready, before it serves; must not call other modules. */
  readonly prepare?: { readonly target: Constructor; readonly run: (target: any, ctx: CallContext) => Promise<void> };
}

const brand = Symbol.for("pangaea.module");

/** A module: the unit of ownership and of placement. Says nothing of where it runs. */
export interface Module {
  readonly name: string;
  readonly contract: Contract;
  readonly service: Constructor;
  readonly requires: readonly Contract[];
  readonly fallbacks: readonly Fallback[];
  readonly bind: readonly Constructor[];
  readonly migrations: readonly Migration[] | undefined;
  readonly on: readonly Subscription[];
  /** Jobs and the runs of schedules among them. */
  readonly sagas: readonly SagaReference[];
  readonly schedules: readonly ScheduleReference[];
  readonly prepare: ModuleSpec<Contract>["prepare"];
  readonly audit: AuditSpec | undefined;
}

export const isModule = (value: unknown): value is Module =>
  typeof value === "object" && value !== null && brand in value;

/** The name under which a subscriber's module receives an event. */
export const eventMethod = (event: Pick<EventDefinition, "service" | "name">): string =>
  `${event.service}.${event.name}`;

/** Defines a module; its name is its contract's. */
export function defineModule<C extends Contract>(spec: ModuleSpec<C>): Module {
  const name = spec.contract.name;
  const missing = Object.keys(spec.contract.procedures).filter(
    (method) => typeof spec.service.prototype[method] !== "function",
  );
  if (missing.length > 0)
    throw new DefinitionError(`module ${name}: ${spec.service.name} has no method ${missing.join(", ")}`);
  const schedules = spec.schedules ?? [];
  const sagas = [...(spec.sagas ?? []), ...(spec.jobs ?? []), ...schedules.map((schedule) => schedule.job)];
  if (sagas.length > 0 && spec.migrations === undefined) {
    throw new DefinitionError(
      `module ${name}: a saga, job or schedule is a row in the module's database; add migrations`,
    );
  }
  const versions = new Set<string>();
  for (const saga of sagas) {
    const version = `${saga.name} version ${saga.version}`;
    if (versions.has(version)) {
      throw new DefinitionError(
        `module ${name}: sagas: ${version} is there twice; a changed saga has a version of its own`,
      );
    }
    versions.add(version);
  }
  if (spec.audit !== undefined && spec.migrations === undefined) {
    throw new DefinitionError(`module ${name}: an audit reads the module's database; add migrations`);
  }
  for (const equation of spec.audit?.equations ?? []) equationOf(name, equation);
  const seen = new Set<string>();
  for (const { event } of spec.on ?? []) {
    const method = eventMethod(event);
    if (seen.has(method))
      throw new DefinitionError(`module ${name}: on: ${method} is handled twice; do both in one handler`);
    seen.add(method);
  }
  const requires = new Map(
    [...(spec.requires ?? []), ...sagas.flatMap((saga) => saga.requires)].map((c) => [c.name, c]),
  );
  const fallbacks = spec.fallbacks ?? [];
  for (const [index, { service, method }] of fallbacks.entries()) {
    if (!requires.has(service))
      throw new DefinitionError(`module ${name}: fallbacks: ${service} is not among what it requires`);
    if (fallbacks.findIndex((other) => other.service === service && other.method === method) < index)
      throw new DefinitionError(`module ${name}: fallbacks: ${service}.${method} has two; leave one`);
  }
  const module: Module = {
    name,
    contract: spec.contract,
    service: spec.service,
    requires: [...requires.values()],
    fallbacks,
    bind: spec.bind ?? [],
    migrations: spec.migrations,
    on: spec.on ?? [],
    sagas,
    schedules,
    prepare: spec.prepare,
    audit: spec.audit,
  };
  Object.defineProperty(module, brand, { value: true });
  return module;
}
