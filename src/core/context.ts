import { Cancellation } from "./cancellation.js";
import type { Clock } from "./clock.js";
import type { Span } from "./span.js";

/** Who asks, in the end: a user or a machine. */
export interface Principal {
  readonly id: string;
  readonly scopes: readonly string[];
}

/** What is known of an event while it is being handled. */
export interface EventInfo {
  /** Unique for good; the inbox goes by it. */
  readonly id: string;
  readonly key: string;
  /** `<producer>.<event>`. */
  readonly method: string;
  /** Where it stands in its producer's outbox. */
  readonly position?: number | undefined;
  /** Events up to this position are never delivered to this subscriber again. */
  readonly floor?: number | undefined;
}

/** What a handler knows of the call it serves, and hands on as the second argument of every call it makes. */
export interface CallContext {
  /** Text that crosses process boundaries and goes on to nested calls: `traceparent`, `x-request-id`. */
  readonly headers: Readonly<Record<string, string>>;
  /** The moment, on this process's monotonic clock, after which nobody waits for the answer. */
  readonly deadline: number;
  /** Milliseconds left until the deadline, never below 0. */
  remainingMs(): number;
  /** Aborts when the caller gives up or the deadline passes. */
  readonly signal: AbortSignal;
  readonly principal: Principal | undefined;
  /** The key under which the caller may repeat this very call; not handed on to nested calls. */
  readonly idempotencyKey: string | undefined;
  /** Set while an event is handled. */
  readonly event: EventInfo | undefined;
}

export interface ContextFields {
  readonly clock: Clock;
  readonly deadline: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly principal?: Principal | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly event?: EventInfo | undefined;
  readonly cancellation?: Cancellation;
  readonly span?: Span | undefined;
}

export type Headers = Readonly<Record<string, string>>;

const noHeaders: Headers = Object.freeze({});

/** The framework's view of a context. Code of a module sees `CallContext`. */
export class Context implements CallContext {
  readonly clock: Clock;
  /** The moment at which the call arrived or was made. */
  readonly madeAt: number;
  readonly deadline: number;
  readonly principal: Principal | undefined;
  readonly idempotencyKey: string | undefined;
  readonly event: EventInfo | undefined;
  readonly cancellation: Cancellation;
  /** What is recorded of the work that this belongs to; undefined where nothing is. */
  span: Span | undefined;
  #headers: Headers | undefined;
  #parent: Context | undefined;
  #derive: ((headers: Headers, context: Context) => Headers) | undefined;
  #local: Map<symbol, unknown> | undefined;

  private constructor(
    clock: Clock,
    madeAt: number,
    deadline: number,
    principal: Principal | undefined,
    idempotencyKey: string | undefined,
    event: EventInfo | undefined,
    cancellation: Cancellation,
    headers: Headers | undefined,
    parent: Context | undefined,
    span: Span | undefined,
  ) {
    this.clock = clock;
    this.madeAt = madeAt;
    this.deadline = deadline;
    this.principal = principal;
    this.idempotencyKey = idempotencyKey;
    this.event = event;
    this.cancellation = cancellation;
    this.span = span;
    this.#headers = headers;
    this.#parent = parent;
    this.#derive = undefined;
    this.#local = undefined;
  }

  /** A context that is nobody's child. */
  static of({
    clock,
    deadline,
    principal,
    idempotencyKey,
    event,
    cancellation = new Cancellation(),
    headers = noHeaders,
    span,
  }: ContextFields): Context {
    const madeAt = clock.now();
    const parent = undefined;
    return new Context(clock, madeAt, deadline, principal, idempotencyKey, event, cancellation, headers, parent, span);
  }

  /** Made when they are first asked for: a call that stays in the process may never need them. */
  get headers(): Headers {
    if (this.#headers === undefined) {
      this.#headers = this.#parent!.headers;
      this.#parent = undefined;
    }
    const derive = this.#derive;
    if (derive !== undefined) {
      this.#derive = undefined;
      this.#headers = derive(this.#headers, this);
    }
    return this.#headers;
  }

  /** Gives this hop headers of its own, made from those it would have. Once per context. */
  deriveHeaders(derive: (headers: Headers, context: Context) => Headers): void {
    this.#derive = derive;
  }

  get signal(): AbortSignal {
    return this.cancellation.signal;
  }

  /** What only this process knows of the call: keyed by symbol, never sent. */
  get local(): Map<symbol, unknown> {
    return (this.#local ??= new Map());
  }

  /** Whether `local` has a key. */
  knows(key: symbol): boolean {
    return this.#local !== undefined && this.#local.has(key);
  }

  remainingMs(): number {
    return Math.max(0, this.deadline - this.clock.now());
  }

  /**
   * The context of a call made on behalf of this one: never a later deadline, its own key; cancelled with this one while
   * its `cancellation` follows, which is for the caller to begin and to end.
   */
  child(deadlineMs: number, idempotencyKey?: string): Context {
    const { clock, principal, cancellation } = this;
    const now = clock.now();
    const deadline = Math.min(this.deadline, now + deadlineMs);
    const own = new Cancellation(cancellation, false);
    return new Context(clock, now, deadline, principal, idempotencyKey, undefined, own, undefined, this, this.span);
  }
}

/** A context for work that no call started: an edge request, a job, a test. `deadlineMs` is a length in milliseconds. */
export const rootContext = (
  clock: Clock,
  deadlineMs: number,
  fields: Omit<ContextFields, "clock" | "deadline"> = {},
): Context => Context.of({ ...fields, clock, deadline: clock.now() + deadlineMs });
