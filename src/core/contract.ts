import { codes, isCode } from "./code.js";
import type { ErrorDefinition, ErrorSpec } from "./error.js";
import type { InputOf, OutputOf, Schema } from "./schema.js";

/** What a second execution would do: nothing at all, the same again, or harm. Decides which retries are safe. */
export type Effect = "read" | "idempotent" | "mutation";

/** Who may call from outside: anybody, any known user, or a principal with one of these scopes. */
export type Access = "public" | "user" | readonly string[];

/** How a procedure appears at the HTTP edge. */
export interface HttpAnnotation {
  /** Method and path, for instance `GET /users/:id/orders`. Path parameters and query become fields of the input. */
  readonly route: `${"GET" | "POST" | "PUT" | "PATCH" | "DELETE"} /${string}`;
  /** Status of a success, by default 200. */
  readonly status?: number;
  /** Whether the `Idempotency-Key` header is looked at; `required` refuses a request without one. */
  readonly idempotencyKey?: "optional" | "required";
  /** Answers whose `field` equals `equals` are 202 Accepted with a `Location` built from the output's fields. */
  readonly accepted?: { readonly field: string; readonly equals: string; readonly location: string };
}

export interface ProcedureSpec<I extends Schema, O extends Schema> {
  readonly input: I;
  readonly output: O;
  /** How long a call may take at most, in milliseconds; a shorter deadline of the caller wins. Default 5,000. */
  readonly deadlineMs?: number;
  /** One line for the documentation. */
  readonly summary?: string;
  readonly access?: Access;
  readonly http?: HttpAnnotation;
  /** Calls of one key go to one instance, as long as it is there, where the topology balances by consistent hash. */
  balanceKey?(input: OutputOf<I>): string;
}

export interface Procedure<E extends Effect = Effect, I extends Schema = Schema, O extends Schema = Schema> {
  readonly effect: E;
  readonly input: I;
  readonly output: O;
  readonly deadlineMs: number;
  readonly summary: string | undefined;
  readonly access: Access | undefined;
  readonly http: HttpAnnotation | undefined;
  balanceKey?(input: OutputOf<I>): string;
}

/** `access` must be said wherever `http` is. */
type WithAccess<I extends Schema, O extends Schema> =
  | (ProcedureSpec<I, O> & { readonly http: HttpAnnotation; readonly access: Access })
  | (ProcedureSpec<I, O> & { readonly http?: undefined });

const procedureOf =
  <E extends Effect>(effect: E) =>
  <I extends Schema, O extends Schema>(spec: WithAccess<I, O>): Procedure<E, I, O> => ({
    effect,
    input: spec.input,
    output: spec.output,
    deadlineMs: spec.deadlineMs ?? 5_000,
    summary: spec.summary,
    access: spec.access,
    http: spec.http,
    ...(spec.balanceKey === undefined ? {} : { balanceKey: spec.balanceKey }),
  });

/** A procedure that changes nothing. */
export const read = procedureOf("read");
/** A procedure that may safely run twice with the same input. */
export const idempotent = procedureOf("idempotent");
/** A procedure whose second execution would do harm; call it with a key to make repeats safe. */
export const mutation = procedureOf("mutation");

/** `at-least-once` events are kept until every subscriber has confirmed them; `best-effort` ones reach who listens now. */
export type Delivery = "at-least-once" | "best-effort";

export interface EventSpec<P extends Schema = Schema> {
  readonly payload: P;
  /** Events of one key are handled in the order in which they were committed. */
  key(payload: OutputOf<P>): string;
  readonly delivery: Delivery;
}

export interface EventDefinition<P extends Schema = Schema> extends EventSpec<P> {
  readonly name: string;
  readonly service: string;
  readonly version: number;
}

/** Declares an event of a contract. */
export const event = <P extends Schema>(spec: EventSpec<P>): EventSpec<P> => spec;

export interface ContractSpec<
  P extends Record<string, Procedure>,
  V extends Record<string, EventSpec>,
  E extends Record<string, ErrorSpec | ErrorDefinition>,
> {
  readonly procedures: P;
  readonly events?: V;
  readonly errors?: E;
  /**
   * The oldest version whose callers this one still serves, with its own schemas: what they send must fit, and what they
   * do not know of the answer is dropped. By default the contract's own version: no other is served.
   */
  readonly accepts?: number;
}

type ErrorDefinitions<E extends Record<string, ErrorSpec | ErrorDefinition>> = {
  readonly [K in keyof E]: E[K] extends ErrorDefinition ? E[K] : ErrorDefinition<E[K]>;
};
type EventDefinitions<V extends Record<string, EventSpec>> = {
  readonly [K in keyof V]: EventDefinition<V[K]["payload"]>;
};

const brand = Symbol.for("pangaea.contract");

export interface Contract<
  N extends string = string,
  P extends Record<string, Procedure> = Record<string, Procedure>,
  V extends Record<string, EventSpec> = Record<string, EventSpec<any>>,
  E extends Record<string, ErrorSpec | ErrorDefinition> = Record<string, ErrorSpec | ErrorDefinition>,
> {
  readonly name: N;
  readonly version: number;
  /** The oldest version whose callers are served. */
  readonly accepts: number;
  readonly procedures: P;
  readonly events: EventDefinitions<V>;
  readonly errors: ErrorDefinitions<E>;
}

export const isContract = (value: unknown): value is Contract =>
  typeof value === "object" && value !== null && brand in value;

export type Input<C extends Contract, M extends keyof C["procedures"]> = OutputOf<C["procedures"][M]["input"]>;
export type Output<C extends Contract, M extends keyof C["procedures"]> = OutputOf<C["procedures"][M]["output"]>;
/** What a handler of `M` may return: defaults of the output may be left out. */
export type Result<C extends Contract, M extends keyof C["procedures"]> = InputOf<C["procedures"][M]["output"]>;
/** What a caller of `M` may pass: defaults of the input may be left out. */
export type Argument<C extends Contract, M extends keyof C["procedures"]> = InputOf<C["procedures"][M]["input"]>;
export type Payload<D extends EventDefinition> = OutputOf<D["payload"]>;

/** Thrown while a contract, module or saga is being defined; the message names the place and the mend. */
export class DefinitionError extends Error {
  override name = "DefinitionError";
}

const serviceName = /^[a-z][a-z0-9-]{0,62}$/;
const memberName = /^[a-z][A-Za-z0-9]{0,62}$/;
const routePattern = /^(GET|POST|PUT|PATCH|DELETE) (\/(:?[A-Za-z0-9_-]+))+$/;
/** Names that every object already has, so that a service or client could not tell them from its own. */
const reserved = new Set(["constructor", "then", "toString", "valueOf", "hasOwnProperty", "toJSON"]);

/**
 * Checks and completes a contract; `checkSchema` refuses what cannot be expressed in JSON. Modules use `defineContract`
 * of the package, which passes it.
 */
export function createContract<
  const N extends string,
  P extends Record<string, Procedure>,
  V extends Record<string, EventSpec<any>> = {},
  E extends Record<string, ErrorSpec | ErrorDefinition> = {},
>(
  name: N,
  version: number,
  spec: ContractSpec<P, V, E>,
  checkSchema: (schema: Schema, place: string) => void,
): Contract<N, P, V, E> {
  const refuse = (place: string, message: string): never => {
    throw new DefinitionError(`contract ${name}: ${place}: ${message}`);
  };
  if (!serviceName.test(name)) refuse("name", `"${name}" must be lower case letters, digits and dashes`);
  if (!Number.isInteger(version) || version < 1) refuse("version", `${version} must be a whole number from 1`);
  const { accepts = version } = spec;
  if (!Number.isInteger(accepts) || accepts < 1 || accepts > version)
    refuse("accepts", `${accepts} must be a whole number from 1 to the contract's own version, ${version}`);

  for (const [member, procedure] of Object.entries(spec.procedures)) {
    const place = `procedures.${member}`;
    if (!memberName.test(member) || reserved.has(member))
      refuse(place, "the name must be camelCase and not one every object has");
    if (!(procedure.deadlineMs > 0 && Number.isFinite(procedure.deadlineMs))) {
      refuse(`${place}.deadlineMs`, "must be a finite number of milliseconds above 0; no call may wait for ever");
    }
    checkSchema(procedure.input, `contract ${name}: ${place}.input`);
    checkSchema(procedure.output, `contract ${name}: ${place}.output`);
    if (procedure.http === undefined) continue;
    if (!routePattern.test(procedure.http.route)) {
      refuse(`${place}.http.route`, `"${procedure.http.route}" must read like "GET /things/:id"`);
    }
    if (procedure.access === undefined) refuse(`${place}.access`, "say who may call a procedure that has a route");
    if (procedure.effect === "mutation" && procedure.http.route.startsWith("GET ")) {
      refuse(`${place}.http.route`, "a mutation cannot be a GET; browsers and proxies repeat those");
    }
  }

  const events: Record<string, EventDefinition> = {};
  for (const [member, definition] of Object.entries(spec.events ?? {})) {
    const place = `events.${member}`;
    if (!memberName.test(member)) refuse(place, "the name must be camelCase");
    checkSchema(definition.payload, `contract ${name}: ${place}.payload`);
    events[member] = { ...definition, name: member, service: name, version };
  }

  const errors: Record<string, ErrorDefinition> = {};
  for (const [reason, declared] of Object.entries(spec.errors ?? {})) {
    const place = `errors.${reason}`;
    if (!/^[A-Z][A-Z0-9_]*$/.test(reason)) refuse(place, "a reason is written in UPPER_SNAKE_CASE");
    if (!isCode(declared.code))
      refuse(`${place}.code`, `"${String(declared.code)}" is not one of ${Object.keys(codes).join(", ")}`);
    if (declared.details !== undefined) checkSchema(declared.details, `contract ${name}: ${place}.details`);
    // An error taken over from another contract keeps its origin, so that it may pass through unchanged.
    if ("domain" in declared && declared.reason !== reason) refuse(place, `must keep its name ${declared.reason}`);
    errors[reason] = {
      reason,
      domain: "domain" in declared ? declared.domain : name,
      code: declared.code,
      status: declared.status ?? codes[declared.code].http,
      message: declared.message,
      details: declared.details,
    };
  }

  const contract = { name, version, accepts, procedures: spec.procedures, events, errors };
  Object.defineProperty(contract, brand, { value: true });
  return Object.freeze(contract) as unknown as Contract<N, P, V, E>;
}
