import { DefinitionError } from "../core/contract.js";
import { findJsonFault } from "../core/json.js";
import type { Schema } from "../core/schema.js";

/** What this file reads of a zod schema: its definition tree. */
export interface Definition {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Kinds of schema whose values JSON carries, and the fields that hold their parts. */
const parts: Readonly<Record<string, readonly string[]>> = {
  string: [],
  number: [],
  int: [],
  boolean: [],
  null: [],
  never: [],
  literal: [],
  enum: [],
  template_literal: [],
  object: ["shape", "catchall"],
  array: ["element"],
  tuple: ["items", "rest"],
  record: ["keyType", "valueType"],
  union: ["options"],
  intersection: ["left", "right"],
  optional: ["innerType"],
  nullable: ["innerType"],
  default: ["innerType"],
  prefault: ["innerType"],
  nonoptional: ["innerType"],
  readonly: ["innerType"],
};

const mends: Readonly<Record<string, string>> = {
  any: "use z.json()",
  unknown: "use z.json()",
  pipe: "parse in the service; a contract says what crosses the wire",
  transform: "transform in the service; a contract says what crosses the wire",
  custom: "describe the JSON shape instead",
  catch: "an invalid value must be refused, not replaced",
  date: "use z.iso.datetime() and send toISOString()",
  bigint: "use z.string() or z.int()",
  map: "use z.record()",
  set: "use z.array()",
  nan: "use z.number().nullable()",
  undefined: "use .optional()",
  void: "use z.object({})",
};

/** What zod knows of a schema; undefined where the value is none. */
export const definitionOf = (schema: unknown): Definition | undefined =>
  (schema as { _zod?: { def?: Definition } } | null | undefined)?._zod?.def;

/** Refuses a schema of which JSON could not carry every value unchanged, so that nothing first breaks after a split. */
export function checkJsonSubset(schema: Schema, place: string): void {
  if (definitionOf(schema) === undefined) {
    throw new DefinitionError(`${place}: not a zod schema; write contracts with zod 4`);
  }
  check(schema, place, new Set());
}

function check(schema: unknown, place: string, seen: Set<unknown>): void {
  if (seen.has(schema)) return;
  seen.add(schema);
  const definition = definitionOf(schema);
  if (definition === undefined) return;
  if (definition.type === "lazy") {
    checkLazy(definition, place, seen);
    return;
  }
  const fields = parts[definition.type];
  if (fields === undefined || definition.coerce === true) {
    const kind = definition.coerce === true ? `coerce.${definition.type}` : definition.type;
    const mend = mends[definition.type] ?? "use a type that JSON has";
    throw new DefinitionError(`${place}: ${kind} is not part of JSON: ${mend}`);
  }
  if (definition.type === "literal" || definition.type === "default" || definition.type === "prefault") {
    const value = definition.type === "literal" ? definition.values : definition.defaultValue;
    const fault = findJsonFault(value);
    if (fault !== undefined) throw new DefinitionError(`${place}: ${definition.type}: ${fault.message}`);
  }
  for (const field of fields) descend(definition[field], place, field, seen);
}

/** `z.json()` is recursive by itself; other lazy schemas are opened once. */
function checkLazy(definition: Definition, place: string, seen: Set<unknown>): void {
  check((definition.getter as () => unknown)(), place, seen);
}

function descend(value: unknown, place: string, field: string, seen: Set<unknown>): void {
  if (value === null || value === undefined) return;
  // A loose object lets unknown keys through; z.json() as catch-all says what they may be.
  if (field === "catchall" && definitionOf(value)?.type === "unknown") {
    throw new DefinitionError(`${place}: a loose object passes anything: use z.object({...}).catchall(z.json())`);
  }
  if (definitionOf(value) !== undefined) {
    check(value, field === "element" ? `${place}[]` : place, seen);
    return;
  }
  if (typeof value !== "object") return;
  for (const [key, child] of Object.entries(value)) {
    check(child, field === "shape" ? `${place}.${key}` : `${place}|${key}`, seen);
  }
}
