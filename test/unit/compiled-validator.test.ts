import * as fc from "fast-check";
import { type Schema, ValidationError, type Validator, validatorOf } from "pangaea";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { compiledValidatorOf } from "../../src/schema/compiled-validator.js";

const person = z.object({
  name: z.string().min(1).max(20),
  email: z.email().optional(),
  age: z.int().min(0).nullable(),
  tags: z.array(z.enum(["a", "b"])).default([]),
  home: z.object({ city: z.string().default("Oslo"), at: z.tuple([z.number(), z.number()]).optional() }).optional(),
});
const schemas: Readonly<Record<string, Schema>> = {
  person,
  number: z.number(),
  list: z.array(z.union([z.string(), z.number().multipleOf(2), z.null()])).max(4),
  record: z.record(z.string(), z.object({ n: z.number().optional() })),
  json: z.object({ value: z.json() }),
  open: z.object({ kind: z.literal("k") }).catchall(z.json()),
  strict: z.strictObject({ a: z.string().optional(), b: z.boolean().default(true) }),
  either: z.discriminatedUnion("is", [
    z.object({ is: z.literal("one"), one: z.number() }),
    z.object({ is: z.literal("two"), two: z.array(person) }),
  ]),
  both: z.intersection(z.object({ a: z.number() }), z.object({ b: z.string().nullable() })),
  frozen: z.object({ list: z.array(z.number()) }).readonly(),
  shared: z.object({ deep: z.object({ n: z.number() }).default({ n: 1 }) }),
};

class Point {
  constructor(readonly a = 1) {}
}
const leaf = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    true,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1n,
    new Date(0),
    new Point(),
  ),
  fc.constantFrom<unknown>("one", "two", "k", "a", "b", "ada@example.com", "", 0, 1, 2, 2.5, () => 1, Symbol("s")),
  fc.string({ maxLength: 3 }),
);
const keys = ["name", "email", "age", "tags", "home", "city", "at", "value", "kind", "is", "one", "two", "a", "b", "n"];
const values = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie("value"), { maxLength: 3 }), tie("object")),
  object: fc.dictionary(fc.constantFrom(...keys, "list", "deep", "__proto__"), tie("value"), {
    maxKeys: 5,
    noNullPrototype: false,
  }),
}));
/** Values that are nearly right, so that the schemas are taken as often as they refuse. */
const nearly = fc.record(
  {
    name: fc.constantFrom("Ada", ""),
    email: fc.constantFrom<unknown>("ada@example.com", "nobody", undefined),
    age: fc.constantFrom<unknown>(1, null, -0, 1.5),
    tags: fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 2 }),
    home: fc.record({ city: fc.constantFrom<unknown>("Rome", undefined), more: values.value }, { requiredKeys: [] }),
    is: fc.constantFrom("one", "two"),
    one: fc.constantFrom<unknown>(1, "1"),
    kind: fc.constant("k"),
    value: values.value,
    a: fc.constantFrom<unknown>(1, "x", undefined),
    b: fc.constantFrom<unknown>(true, "x", null),
    n: fc.constant(1),
    list: fc.array(fc.constantFrom<unknown>(1, -0, "1"), { maxLength: 2 }),
  },
  { requiredKeys: [] },
);

const judge = (validate: Validator, value: unknown) => {
  try {
    return { taken: validate(value) };
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    return { refused: error.message };
  }
};

/** Every object that can be reached. */
function objectsIn(value: unknown, found = new Set<unknown>()): Set<unknown> {
  if (typeof value !== "object" || value === null || found.has(value)) return found;
  found.add(value);
  for (const child of Object.values(value)) objectsIn(child, found);
  return found;
}

describe.each(Object.entries(schemas))("the compiled validator of %s", (_name, schema) => {
  const [compiled, careful] = [compiledValidatorOf(schema), validatorOf(schema)];

  it("takes, refuses and answers as the careful one does, whatever it is given", () => {
    fc.assert(
      fc.property(fc.oneof(values.value, nearly), (value) => {
        const [one, other] = [judge(compiled, value), judge(careful, value)];
        expect(one).toStrictEqual(other);
        // Equal to the last bit: no key without a value, no -0.
        expect(JSON.stringify(one)).toBe(JSON.stringify(other));
      }),
      { numRuns: 200 },
    );
  });

  it("shares no object with what it was given, nor with an earlier answer", () => {
    fc.assert(
      fc.property(fc.oneof(nearly, values.object), (value) => {
        const [first, second] = [judge(compiled, value), judge(compiled, value)];
        const given = objectsIn(value);
        const before = objectsIn(first.taken);
        for (const object of before) expect(given.has(object)).toBe(false);
        for (const object of objectsIn(second.taken)) expect(before.has(object)).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});

it("a circle is refused, not followed for ever", () => {
  const circle: Record<string, unknown> = { kind: "k" };
  circle.self = circle;
  expect(() => compiledValidatorOf(schemas.open!)(circle)).toThrow(/circular/);
});
