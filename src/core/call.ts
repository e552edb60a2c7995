import type { Effect } from "./contract.js";
import type { Context } from "./context.js";
import type { PangaeaError } from "./error.js";

/** A call is a value; a service is a function of it; everything else wraps that function. */
export interface Call {
  readonly kind: "request" | "event";
  /** The service that is asked, or, for an event, the subscriber. */
  readonly service: string;
  /** The contract version that the caller was written against. */
  readonly version: number;
  /** The procedure, or, for an event, `<producer>.<event>`. */
  readonly method: string;
  readonly input: unknown;
  readonly effect: Effect;
  /** From 1; a retry counts up. */
  readonly attempt: number;
  /** The module that calls. */
  readonly caller: string;
  readonly context: Context;
}

export interface Reply {
  readonly output: unknown;
}

/** Takes a call; what a service, a transport and everything between them look like to each other. */
export interface Handler {
  (call: Call): Promise<Reply>;
  /**
   * Where calls do not leave the process: who takes calls of a procedure now, so that a caller's layers can be fused with
   * the callee's. Holds until the service stops, which its handler then says itself.
   */
  readonly direct?: (service: string, version: number, method: string) => Handler | undefined;
}
export type Interceptor = (next: Handler) => Handler;

/** What every layer says of itself. */
interface LayerName {
  /** What it is called. */
  readonly role: string;
  /** Why it stands where it stands. */
  readonly why: string;
  /** What it goes by in this stack, for people; missing where there is nothing to set. */
  readonly settings?: string;
}

/**
 * A layer that only looks at a call on its way in and at what comes of it on its way out. Neighbours of this kind are
 * fused into one function when a stack is built, so that a further one costs no promise.
 */
export interface LookingLayer extends LayerName {
  /** Gives back the call to go on with, or throws the refusal. */
  readonly enter?: (call: Call) => Call;
  /** Gives back the output to go on with, or throws. */
  readonly leave?: (output: unknown, call: Call) => unknown;
  /** Gives back the error to go on with. Sees what the layers inside it and the service have thrown. */
  readonly fail?: (error: unknown, call: Call) => unknown;
  /** May settle a call before its reply is there. */
  readonly limit?: Limit;
}

/** Both are called once per call, with the same function. */
export interface Limit {
  /** Begins to watch. `giveUp` rejects the call; what is inside this layer goes on, and nobody waits for it any more. */
  watch(call: Call, giveUp: (error: PangaeaError) => void): void;
  /** The call has come back. */
  unwatch(call: Call, giveUp: (error: PangaeaError) => void): void;
}

/** A layer that decides for itself when, where and how often the rest of the stack runs. */
export interface WrappingLayer extends LayerName {
  readonly interceptor: Interceptor;
}

/** One behaviour of a stack. */
export type Layer = LookingLayer | WrappingLayer;

/** The first layer is the outermost. */
export type Stack = readonly Layer[];
