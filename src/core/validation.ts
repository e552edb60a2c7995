import { errorOf, type PangaeaError } from "./error.js";
import { copyJson, findJsonFault } from "./json.js";
import type { OutputOf, Schema, SchemaIssue } from "./schema.js";

/** One thing that is wrong with a value, for people and programs: `path` is `items[0].quantity`. */
export interface Violation {
  readonly path: string;
  readonly message: string;
}

/** Thrown by a validator; the boundary where it stands decides whose fault it is. */
export class ValidationError extends Error {
  override name = "ValidationError";
  constructor(readonly violations: readonly Violation[]) {
    super(violations.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; "));
  }
}

/** Checks a value and gives back a copy that shares nothing with it; throws a `ValidationError`. */
export type Validator<T = unknown> = (value: unknown) => T;

const pathOf = (issue: SchemaIssue): string =>
  (issue.path ?? []).reduce<string>((path, part) => {
    const key = typeof part === "object" ? part.key : part;
    if (typeof key === "number") return `${path}[${key}]`;
    return path === "" ? String(key) : `${path}.${String(key)}`;
  }, "");

/**
 * The validator of a schema: refuses what JSON cannot carry and what the schema does not allow, strips unknown keys,
 * fills defaults, and copies, so that neither side nor a shared default ever sees the other's object.
 */
export function validatorOf<S extends Schema>(schema: S): Validator<OutputOf<S>> {
  const { validate } = schema["~standard"];
  return (value) => {
    const fault = findJsonFault(value);
    if (fault !== undefined) throw new ValidationError([fault]);
    const result = validate(value);
    if (result instanceof Promise) {
      throw new ValidationError([{ path: "", message: "the schema answers asynchronously; a contract's must not" }]);
    }
    if (result.issues !== undefined) {
      throw new ValidationError(result.issues.map((issue) => ({ path: pathOf(issue), message: issue.message })));
    }
    return copyJson(result.value) as OutputOf<S>;
  };
}

/** The caller's fault: `invalid_argument`, with the violations as details. The handler has not run. */
export function invalidArgument(what: string, error: unknown): PangaeaError {
  if (!(error instanceof ValidationError)) throw error;
  return errorOf("invalid_argument", `${what}: ${error.message}`, {
    outcome: "not-executed",
    details: { violations: error.violations.map(({ path, message }) => ({ path, message })) },
  });
}
