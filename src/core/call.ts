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

/** What every layer says of itself. */
interface LayerName {
  /** What it is called. */
  readonly role: string;
  /** Why it stands where it stands. */
  readonly why: string;
}

/**
 * A layer that only looks at a call on its way in and at what comes of it on its way out. Neighbours of this kind are
 * fused into one function when a stack is built, so that a further one costs no promise.
 */
export interface LookingLayer extends LayerName {
  /** Gives back the call to go on with, or throws the refusal. */
  readonly enter?: (call: Call) => Call;
  /** Gives back the reply to go on with, or throws. */
  readonly leave?: (reply: Reply, call: Call) => Reply;
  /** Gives back the error to go on with. Sees what the layers inside it and the service have thrown. */
  readonly fail?: (error: unknown, call: Call) => unknown;
}

/** A layer that decides for itself when, where and how often the rest of the stack runs. */
export interface WrappingLayer extends LayerName {
  readonly interceptor: Interceptor;
}

/** One behaviour of a stack. */
export type Layer = LookingLayer | WrappingLayer;

/** The first layer is the outermost. */
export type Stack = readonly Layer[];

const isWrapping = (layer: Layer): layer is WrappingLayer => "interceptor" in layer;

/** Puts a stack around a handler. Done once per procedure, never per call. */
export const wrap = (stack: Stack, end: Handler): Handler => wrapEnd(stack, end, asItIs);

/** Puts a stack around what is no handler yet: a function that resolves to the output. */
export const wrapService = (stack: Stack, service: (call: Call) => Promise<unknown>): Handler =>
  wrapEnd(stack, service, (output) => ({ output }));

type Ending = (call: Call) => Promise<unknown>;
type ReplyOf = (result: unknown) => Reply;
const asItIs: ReplyOf = (reply) => reply as Reply;

function wrapEnd(stack: Stack, end: Ending, replyOfEnd: ReplyOf): Handler {
  let handler: Handler | undefined;
  // The innermost layers take the end's result as it comes; everything further out gets replies.
  const inner = (): Handler =>
    handler ?? (replyOfEnd === asItIs ? (end as Handler) : (call) => end(call).then(replyOfEnd));
  const fuseInner = (layers: readonly LookingLayer[]): Handler =>
    handler === undefined ? fuse(layers, end, replyOfEnd) : fuse(layers, handler, asItIs);
  for (let i = stack.length; i > 0;) {
    const layer = stack[i - 1]!;
    if (isWrapping(layer)) {
      handler = layer.interceptor(inner());
      i--;
      continue;
    }
    const looking: LookingLayer[] = [];
    for (let each = stack[i - 1]; each !== undefined && !isWrapping(each); each = stack[--i - 1]) looking.unshift(each);
    handler = fuseInner(looking);
  }
  return inner();
}

/** Several layers that look as one handler, with one `then` for all of them. */
function fuse(layers: readonly LookingLayer[], next: Ending, replyOf: ReplyOf): Handler {
  // Lists of functions, each with the place of its layer: nothing is looked up in a layer while a call runs.
  const placesOf = (part: "enter" | "leave") =>
    [...layers.keys()].filter((place) => layers[place]![part] !== undefined);
  const [entering, leaving] = [placesOf("enter"), placesOf("leave").toReversed()];
  const enters = entering.map((place) => layers[place]!.enter!);
  const leaves = leaving.map((place) => layers[place]!.leave!);
  const fails = layers.map((layer) => layer.fail);

  /** What the layers further out than `place` make of an error. */
  const failFrom = (place: number, error: unknown, call: Call): unknown => {
    let current = error;
    for (let i = place - 1; i >= 0; i--) current = fails[i] === undefined ? current : fails[i]!(current, call);
    return current;
  };
  const enterAll = (call: Call): Call => {
    let current = call;
    let i = 0;
    try {
      for (; i < enters.length; i++) current = enters[i]!(current);
    } catch (error) {
      throw failFrom(entering[i]!, error, current);
    }
    return current;
  };
  const leaveAll = (reply: Reply, call: Call): Reply => {
    let current = reply;
    let i = 0;
    try {
      for (; i < leaves.length; i++) current = leaves[i]!(current, call);
    } catch (error) {
      throw failFrom(leaving[i]!, error, call);
    }
    return current;
  };

  const looksBack = leaves.length > 0 || fails.some((fail) => fail !== undefined) || replyOf !== asItIs;
  return (call) => {
    let entered: Call;
    try {
      entered = enterAll(call);
    } catch (error) {
      return Promise.reject(error);
    }
    if (!looksBack) return next(entered) as Promise<Reply>;
    return next(entered).then(
      (result) => leaveAll(replyOf(result), entered),
      (error: unknown) => {
        throw failFrom(layers.length, error, entered);
      },
    );
  };
}
