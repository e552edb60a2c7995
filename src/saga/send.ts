import type { CallContext } from "../core/context.js";
import type { Contract } from "../core/contract.js";
import { errorOf } from "../core/error.js";
import { invalidArgument, validatorOf } from "../core/validation.js";
import { Saga } from "./define-saga.js";

/** A call that is to be made after a commit. */
interface Sent {
  readonly service: string;
  readonly version: number;
  readonly method: string;
  readonly input: unknown;
}

type Clients = Readonly<Record<string, Record<string, (input: unknown, ctx: CallContext) => Promise<unknown>>>>;

/**
 * What `tx.send` starts in a module that requires these contracts: a saga of one step, which makes the call. It is
 * forgotten when the call has succeeded, and parked where it is refused.
 */
export function sendSaga(requires: readonly Contract[]): Saga<Sent, any> {
  const contracts = Object.fromEntries(requires.map((contract) => [contract.name, contract]));
  const procedureOf = ({ service, version, method }: Sent) => {
    const contract = Object.hasOwn(contracts, service) ? contracts[service]! : undefined;
    if (contract?.version === version) return contract.procedures[method]!;
    throw errorOf("unimplemented", `${service} version ${version} is nothing that this module requires.`);
  };
  return new Saga<Sent, any>({
    name: "tx.send",
    version: 1,
    contracts,
    validate(state) {
      const sent = state as Sent;
      const { input } = procedureOf(sent);
      try {
        return { ...sent, input: validatorOf(input)(sent.input) };
      } catch (error) {
        throw invalidArgument(`input of ${sent.service}.${sent.method}`, error);
      }
    },
    steps: [
      {
        name: "call",
        run(sent: Sent, clients: Clients, ctx: CallContext) {
          procedureOf(sent);
          return clients[sent.service]![sent.method]!(sent.input, ctx);
        },
      },
    ],
    deadlineMs: Number.POSITIVE_INFINITY,
    atDeadEnd: "park",
    isForgotten: true,
  });
}
