import { z } from "zod";
import type { Schema } from "../core/schema.js";

/** What a field of an input is in JSON; `other` is everything that text cannot spell. */
export type FieldType = "string" | "number" | "boolean" | "array" | "other";

/**
 * The JSON types of an input's top-level fields, as its JSON Schema has them: the edge turns text from paths and
 * queries into them. A field that may be text stays text.
 */
export function fieldTypesOf(schema: Schema): ReadonlyMap<string, FieldType> {
  const json = z.toJSONSchema(schema as unknown as z.ZodType, { io: "input", unrepresentable: "any" });
  const types = new Map<string, FieldType>();
  for (const [name, property] of Object.entries(json.properties ?? {})) {
    types.set(name, typeof property === "boolean" ? "other" : typeOf(property));
  }
  return types;
}

function typeOf(property: z.core.JSONSchema.BaseSchema): FieldType {
  const kinds = new Set<FieldType>();
  for (const option of property.anyOf ?? property.oneOf ?? [property]) {
    if (typeof option === "boolean") return "other";
    const value = option.const ?? option.enum?.[0];
    const type = option.type ?? (value === undefined ? undefined : typeof value);
    if (type === "null") continue;
    if (type === "integer" || type === "number") kinds.add("number");
    else if (type === "string" || type === "boolean" || type === "array") kinds.add(type);
    else kinds.add("other");
  }
  if (kinds.has("string")) return "string";
  const [only, another] = kinds;
  return only !== undefined && another === undefined ? only : "other";
}
