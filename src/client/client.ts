import { type Call, type Handler, type Stack, wrap } from "../core/call.js";
import type { CallOptions, ClientOf } from "../core/client.js";
import { type CallContext, Context } from "../core/context.js";
import type { Contract } from "../core/contract.js";
import { openTransaction, refuseInTransaction } from "../core/work.js";
import type { Edge, Route } from "./route.js";

export interface ClientSpec<C extends Contract> {
  readonly contract: C;
  /** The module on whose behalf it calls. */
  readonly caller: string;
  readonly route: Route;
  /** The layers between a procedure's method and the route's edge. Asked once per procedure and edge. */
  readonly stackOf: (method: string, remote: boolean) => Stack;
}

/**
 * A typed client. Each method takes the input, the context of the work it belongs to, and options; it resolves to the
 * output or rejects with a `PangaeaError`, by the deadline at the latest.
 */
export function createClient<C extends Contract>({ contract, caller, route, stackOf }: ClientSpec<C>): ClientOf<C> {
  // The handlers of the edge that the route named last; a swapped route makes new ones at the next call.
  let edge: Edge | undefined;
  let handlers = new Map<string, Handler>();
  const handlerOf = (method: string): Handler => {
    if (edge !== route.current) {
      edge = route.current;
      handlers = new Map();
    }
    let handler = handlers.get(method);
    if (handler === undefined) handlers.set(method, (handler = wrap(stackOf(method, edge.remote), edge.call)));
    return handler;
  };

  const methods = Object.entries(contract.procedures).map(([method, procedure]) => {
    const invoke = (input: unknown, ctx: CallContext, options: CallOptions = {}): Promise<unknown> => {
      if (!(ctx instanceof Context)) {
        return Promise.reject(
          new TypeError(`${contract.name}.${method}(input, ctx): pass the context as second argument`),
        );
      }
      if (ctx.local.has(openTransaction)) return Promise.reject(refuseInTransaction(contract.name, method));
      const deadlineMs = Math.min(options.deadlineMs ?? procedure.deadlineMs, procedure.deadlineMs);
      const call: Call = {
        kind: "request",
        service: contract.name,
        version: contract.version,
        method,
        input,
        effect: procedure.effect,
        attempt: 1,
        caller,
        context: ctx.child(deadlineMs, options.idempotencyKey),
      };
      return handlerOf(method)(call).then((reply) => reply.output);
    };
    return [method, invoke] as const;
  });
  return Object.freeze(Object.fromEntries(methods)) as ClientOf<C>;
}
