import { type Contract, DefinitionError, type Input, type Result } from "./contract.js";
import type { PangaeaError } from "./error.js";

/** What a module goes on with where a read of another module has failed. */
export interface Fallback {
  readonly service: string;
  readonly method: string;
  /** Gives the output in the place of the failed call; throws where there is none. */
  readonly answer: (input: any, error: PangaeaError) => unknown;
}

/**
 * `fallbacks: [fallback(catalog, "getMany", () => ({ products: [] }))]`: where the call fails for a reason of the system
 * (nobody is there, it takes too long, there is too much to do, the service is broken), the caller gets this instead, checked
 * like an answer. What the contract declares, and what is wrong with the input, stays an error. Reads only: of anything else
 * nobody knows whether it was done. Throws a `DefinitionError` for other procedures.
 */
export function fallback<C extends Contract, M extends keyof C["procedures"] & string>(
  contract: C,
  method: M,
  answer: (input: Input<C, M>, error: PangaeaError) => Result<C, M>,
): Fallback {
  const effect = contract.procedures[method]?.effect;
  if (effect !== "read")
    throw new DefinitionError(
      `fallback for ${contract.name}.${method}: it must be a read, and is ${effect ?? "not there"}`,
    );
  return { service: contract.name, method, answer };
}
