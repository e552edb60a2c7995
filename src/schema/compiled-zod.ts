import { compile } from "zod";
import type { $ZodType } from "zod/v4/core";
import { copyJson, plainness } from "../core/json.js";
import type { Schema } from "../core/schema.js";
import { definitionOf } from "./json-subset.js";

/** Kinds of schema of which zod builds every object anew, so that its answer is a copy already. */
const builtAnew: ReadonlySet<string> = new Set([
  "string",
  "number",
  "int",
  "boolean",
  "null",
  "literal",
  "enum",
  "template_literal",
  "object",
  "array",
  "record",
  "union",
  "optional",
  "nullable",
  "nonoptional",
  "default",
]);

/** What a copier gives back for a value that it does not take. */
export const refused: unique symbol = Symbol("refused");

/** Gives back a copy of a value that shares nothing with it, or `refused`. It may refuse what `validatorOf` takes. */
export type Copier = (value: unknown) => unknown;

/** A copier of any schema of the subset, by zod's own compiled parser. */
export function zodCopierOf(schema: unknown): Copier {
  const copies = isBuiltAnew(schema, new Set());
  let validate: Schema["~standard"]["validate"] | undefined;
  return (value) => {
    const found = plainness(value);
    if (found === "faulty") return refused;
    validate ??= compile(schema as $ZodType)["~standard"].validate;
    const result = validate(value);
    if (result instanceof Promise || result.issues !== undefined) return refused;
    return copies && found === "plain" ? result.value : copyJson(result.value);
  };
}

function isBuiltAnew(schema: unknown, seen: Set<unknown>): boolean {
  const definition = definitionOf(schema);
  if (definition === undefined || seen.has(schema)) return true;
  seen.add(schema);
  // A check looks at what a schema has built; only one that somebody wrote could put another value in its place.
  if (definition.type === undefined) return definition.check !== "custom";
  if (!builtAnew.has(definition.type)) return false;
  // A default may be shared, and what a catch-all passes comes as it is.
  if (definition.type === "default" && typeof definition.defaultValue === "object") return false;
  if (definition.type === "object" && definition.catchall !== undefined) return false;
  return Object.values(definition).every((part) => partsOf(part).every((child) => isBuiltAnew(child, seen)));
}

/** The schemas in a field of a definition, which may be one, a list, or a table of them. */
const partsOf = (part: unknown): unknown[] =>
  definitionOf(part) !== undefined || typeof part !== "object" || part === null ? [part] : Object.values(part);
