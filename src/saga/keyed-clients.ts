import type { CallOptions } from "../core/client.js";
import type { CallContext } from "../core/context.js";
import type { Contract } from "../core/contract.js";
import type { SagaRow } from "../storage/framework-tables.js";
import type { Saga } from "./define-saga.js";

type Method = (input: unknown, ctx: CallContext, options: CallOptions) => Promise<unknown>;

/** What the keys of one step of a saga begin with. A new round asks again where the answer under the old key is no. */
export const stepKey = ({ name, id, round }: Pick<SagaRow, "name" | "id" | "round">, step: string): string =>
  `saga/${name}/${id}/${round === 0 ? "" : `round-${round}/`}${step}`;

/**
 * The clients that a step is given: every call carries a key made of saga, step and the call's number in the step, so
 * that a step which runs again, after a crash or a lost answer, has its effect once.
 */
export function keyedClients(saga: Saga, key: string, clientOf: (contract: Contract) => object): any {
  const contracts = Object.entries(saga.parts.contracts as Record<string, Contract>);
  return Object.fromEntries(
    contracts.map(([name, contract]) => {
      const client = clientOf(contract) as Record<string, Method>;
      const counts = new Map<string, number>();
      const methods = Object.keys(contract.procedures).map((method) => {
        const keyed = (input: unknown, ctx: CallContext, options: CallOptions = {}) => {
          const count = (counts.get(method) ?? 0) + 1;
          counts.set(method, count);
          const idempotencyKey = `${key}/${contract.name}.${method}/${count}`;
          return client[method]!(input, ctx, { idempotencyKey, ...options });
        };
        return [method, keyed];
      });
      return [name, Object.fromEntries(methods)];
    }),
  );
}
