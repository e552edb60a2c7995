import type { Call, Stack } from "../core/call.js";
import type { CallOptions, ClientOf } from "../core/client.js";
import { type CallContext, Context } from "../core/context.js";
import type { Contract } from "../core/contract.js";
import { openTransaction, refuseInTransaction } from "../core/work.js";
import { wrapClient } from "../core/wrap.js";
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
  const methods = Object.entries(contract.procedures).map(([method, procedure]) => {
    let edge: Edge | undefined;
    let send: (call: Call) => Promise<unknown>;
    const invoke = (input: unknown, ctx: CallContext, options?: CallOptions): Promise<unknown> => {
      if (!(ctx instanceof Context)) {
        return Promise.reject(
          new TypeError(`${contract.name}.${method}(input, ctx): pass the context as second argument`),
        );
      }
      if (ctx.knows(openTransaction)) return Promise.reject(refuseInTransaction(contract.name, method));
      // A swapped route is looked at anew at the next call.
      if (edge !== route.current) {
        edge = route.current;
        const direct = edge.call.direct?.(contract.name, contract.version, method);
        send = wrapClient(stackOf(method, edge.remote), direct ?? edge.call);
      }
      const deadlineMs = Math.min(options?.deadlineMs ?? procedure.deadlineMs, procedure.deadlineMs);
      const context = ctx.child(deadlineMs, options?.idempotencyKey);
      const call: Call = {
        kind: "request",
        service: contract.name,
        version: contract.version,
        method,
        input,
        effect: procedure.effect,
        attempt: 1,
        caller,
        context,
      };
      return send(call);
    };
    return [method, invoke] as const;
  });
  return Object.freeze(Object.fromEntries(methods)) as ClientOf<C>;
}
