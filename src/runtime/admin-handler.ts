import type { Call, Handler } from "../core/call.js";
import type { CallOptions } from "../core/client.js";
import type { CallContext } from "../core/context.js";
import type { Contract } from "../core/contract.js";
import { errorOf, fail } from "../core/error.js";
import type { Module } from "../core/module.js";
import { frameworkErrors } from "../core/work.js";
import type { Connections } from "./connections.js";
import { operationsContract } from "./process-contract.js";

type Method = (input: unknown, ctx: CallContext, options?: CallOptions) => Promise<unknown>;

/**
 * What the admin listener answers: every procedure of every module, and the operator's, which go to the process that runs
 * the module they name.
 */
export function adminHandler(modules: ReadonlyMap<string, Module>, connections: Connections): Handler {
  const methodOf = ({ service, method, input }: Call): Method => {
    const contract = service === operationsContract.name ? operationsContract : modules.get(service)?.contract;
    if (contract === undefined || !Object.hasOwn(contract.procedures, method)) {
      throw errorOf("unimplemented", `There is no ${service}.${method}.`, { outcome: "not-executed" });
    }
    if (contract !== operationsContract) return connections.client<Contract>(contract, "admin")[method] as Method;
    const { module } = (input ?? {}) as { module?: unknown };
    const client = typeof module === "string" ? connections.hostClient(module) : undefined;
    if (client === undefined) throw fail(frameworkErrors.MODULE_NOT_FOUND);
    return (client as unknown as Record<string, Method>)[method]!;
  };
  return async (call) => {
    const { idempotencyKey } = call.context;
    return { output: await methodOf(call)(call.input, call.context, { idempotencyKey }) };
  };
}
