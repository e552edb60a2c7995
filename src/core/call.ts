import type { Effect } from "./contract.js";
import type { Context } from "./context.js";

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

export type Handler = (call: Call) => Promise<Reply>;
export type Interceptor = (next: Handler) => Handler;

/** One behaviour of a stack: what it is called, why it stands where it stands, and what it does. */
export interface Layer {
  readonly role: string;
  readonly why: string;
  readonly interceptor: Interceptor;
}

/** The first layer is the outermost. */
export type Stack = readonly Layer[];

/** Puts a stack around a handler. Done once per procedure, never per call. */
export const wrap = (stack: Stack, end: Handler): Handler =>
  stack.reduceRight((next, layer) => layer.interceptor(next), end);
