import { Cancellation } from "./cancellation.js";
import type { Clock } from "./clock.js";

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
}

const noHeaders: Readonly<Record<string, string>> = Object.freeze({});

/** The framework's view of a context. Code of a module sees `CallContext`. */
export class Context implements CallContext {
  readonly clock: Clock;
  readonly deadline: number;
  /** Replaced by the tracing layer, which gives each hop its own span. */
  headers: Readonly<Record<string, string>>;
  readonly principal: Principal | undefined;
  readonly idempotencyKey: string | undefined;
  readonly event: EventInfo | undefined;
  readonly cancellation: Cancellation;
  /** What only this process knows of the call: keyed by symbol, never sent. */
  readonly local = new Map<symbol, unknown>();

  constructor(fields: ContextFields) {
    this.clock = fields.clock;
    this.deadline = fields.deadline;
    this.headers = fields.headers ?? noHeaders;
    this.principal = fields.principal;
    this.idempotencyKey = fields.idempotencyKey;
    this.event = fields.event;
    this.cancellation = fields.cancellation ?? new Cancellation();
  }

  get signal(): AbortSignal {
    return this.cancellation.signal;
  }

  remainingMs(): number {
    return Math.max(0, this.deadline - this.clock.now());
  }

  /** The context of a call made on behalf of this one: never a later deadline, cancelled with it, its own key. */
  child(deadlineMs: number, idempotencyKey?: string): Context {
    return new Context({
      clock: this.clock,
      deadline: Math.min(this.deadline, this.clock.now() + deadlineMs),
      headers: this.headers,
      principal: this.principal,
      idempotencyKey,
      cancellation: new Cancellation(this.cancellation),
    });
  }
}

/** A context for work that no call started: an edge request, a job, a test. `deadlineMs` is a length in milliseconds. */
export const rootContext = (
  clock: Clock,
  deadlineMs: number,
  fields: Omit<ContextFields, "clock" | "deadline"> = {},
): Context => new Context({ ...fields, clock, deadline: clock.now() + deadlineMs });
