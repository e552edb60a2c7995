import type { ClientOf } from "../core/client.js";
import { type Contract, DefinitionError, type HttpAnnotation, type Procedure } from "../core/contract.js";
import { type FieldType, fieldTypesOf } from "../schema/json-types.js";

/** A procedure at the edge, with everything worked out that can be before the first request. */
export interface EdgeRoute {
  readonly verb: "get" | "post" | "put" | "patch" | "delete";
  readonly path: string;
  readonly contract: Contract;
  readonly method: string;
  readonly procedure: Procedure;
  readonly http: HttpAnnotation;
  readonly fields: ReadonlyMap<string, FieldType>;
  readonly invoke: ClientOf<Contract>[string];
}

/** The routes of all contracts; throws a `DefinitionError` where two want the same one. */
export function edgeRoutes(contracts: readonly Contract[], client: (contract: Contract) => object): EdgeRoute[] {
  const routes: EdgeRoute[] = [];
  const owners = new Map<string, string>();
  for (const contract of contracts) {
    const methods = client(contract) as ClientOf<Contract>;
    for (const [method, procedure] of Object.entries(contract.procedures)) {
      if (procedure.http === undefined) continue;
      const [verb, path] = procedure.http.route.split(" ") as [string, string];
      const owner = `${contract.name}.${method}`;
      const shape = `${verb} ${path.replace(/:[^/]+/g, ":")}`;
      const other = owners.get(shape);
      if (other !== undefined) {
        throw new DefinitionError(`${other} and ${owner} both want the route ${procedure.http.route}; change one`);
      }
      owners.set(shape, owner);
      routes.push({
        verb: verb.toLowerCase() as EdgeRoute["verb"],
        path,
        contract,
        method,
        procedure,
        http: procedure.http,
        fields: fieldTypesOf(procedure.input),
        invoke: methods[method]!,
      });
    }
  }
  // A written-out segment goes before a parameter: /products/latest must not be taken for a product.
  return routes.toSorted((a, b) => Number(a.path.includes(":")) - Number(b.path.includes(":")));
}

/** Text from a path or query as the field's JSON type; what cannot be read stays text, for the validator to refuse. */
export function fromText(text: string | string[], type: FieldType | undefined): unknown {
  if (type === "array") return Array.isArray(text) ? text : [text];
  const single = Array.isArray(text) ? text.at(-1)! : text;
  if (type === "number" && single.trim() !== "" && Number.isFinite(Number(single))) return Number(single);
  if (type === "boolean" && (single === "true" || single === "false")) return single === "true";
  return single;
}
