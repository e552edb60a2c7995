import type { CallOptions } from "../core/client.js";
import type { CallContext } from "../core/context.js";
import type { Contract } from "../core/contract.js";
import type { SagaRow } from "../storage/framework-tables.js";
import type { Saga } from "./define-saga.js";

type Method = (input: unknown, ctx: CallContext, options: CallOptions) => Promise<unknown>;

/**
 * The clients that a step is given: every call carries a key made of saga, step and the call's number in the step, so
 * that a step which runs again, after a crash or a lost answer, has its effect once.
 */
export function keyedClients(
  saga: Saga,
  row: Pick<SagaRow, "name" | "id">,
  step: string,
  clientOf: (contract: Contract) => object,
): any {
  const contracts = Object.entries(saga.contracts as Record<string, Contract>);
  return Object.fromEntries(
    contracts.map(([name, contract]) => {
      const client = clientOf(contract) as Record<string, Method>;
      const counts = new Map<string, number>();
      const methods = Object.keys(contract.procedures).map((method) => {
        const keyed = (input: unknown, ctx: CallContext, options: CallOptions = {}) => {
          const count = (counts.get(method) ?? 0) + 1;
          counts.set(method, count);
          const idempotencyKey = `saga/${row.name}/${row.id}/${step}/${contract.name}.${method}/${count}`;
          return client[method]!(input, ctx, { idempotencyKey, ...options });
        };
        return [method, keyed];
      });
      return [name, Object.fromEntries(methods)];
    }),
  );
}
