import { type Contract, type ContractSpec, createContract, type EventSpec, type Procedure } from "../core/contract.js";
import type { ErrorDefinition, ErrorSpec } from "../core/error.js";
import { checkJsonSubset } from "./json-subset.js";

/**
 * Defines a contract: the only thing other modules may know of this one. Throws a `DefinitionError` that names the
 * place and the mend where a name, a route or a schema cannot be kept in every layout.
 */
export const defineContract = <
  const N extends string,
  P extends Record<string, Procedure>,
  V extends Record<string, EventSpec<any>> = {},
  E extends Record<string, ErrorSpec | ErrorDefinition> = {},
>(
  name: N,
  version: number,
  spec: ContractSpec<P, V, E>,
): Contract<N, P, V, E> => createContract(name, version, spec, checkJsonSubset);
