import { errorOf, invalidArgument, isError, type Schema, ValidationError, validatorOf } from "pangaea";
import { describe, expect, it } from "vitest";
import { z } from "zod";

const violationsOf = (validate: () => unknown) => {
  try {
    validate();
  } catch (error) {
    if (error instanceof ValidationError) return error.violations;
    throw error;
  }
  throw new Error("nothing was refused");
};

describe("a validator", () => {
  it("names every place that is wrong, as one would write it in code", () => {
    const validate = validatorOf(
      z.object({ items: z.array(z.object({ quantity: z.int().min(1) })), name: z.string() }),
    );
    const violations = violationsOf(() => validate({ items: [{ quantity: 1 }, { quantity: 0 }], name: 7 }));
    expect(violations.map(({ path }) => path)).toEqual(["items[1].quantity", "name"]);
    expect(new ValidationError(violations).message).toMatch(/^items\[1\]\.quantity: .+; name: .+/);
  });

  it("says of the whole value what belongs to no place in it", () => {
    const [violation] = violationsOf(() => validatorOf(z.string())(7));
    expect(violation?.path).toBe("");
    expect(new ValidationError([violation!]).message).toBe(violation!.message);
  });

  it("refuses what JSON cannot carry, even where the schema would not look", () => {
    const validate = validatorOf(z.object({ known: z.string() }));
    const [violation] = violationsOf(() => validate({ known: "a", unknown: new Date(0) }));
    expect(violation).toEqual({ path: "unknown", message: expect.stringContaining("toISOString") });
  });

  it("strips unknown keys, fills defaults and drops undefined keys", () => {
    const validate = validatorOf(z.object({ a: z.string().optional(), n: z.int().default(1) }));
    const result = validate({ a: undefined, more: true });
    expect(Object.keys(result)).toEqual(["n"]);
  });

  it("gives every caller a default of its own, and none of the caller's objects", () => {
    const validate = validatorOf(z.object({ tags: z.array(z.string()).default([]), given: z.json() }));
    const given = { deep: [1] };
    const first = validate({ given });
    first.tags.push("mine");
    expect(validate({ given }).tags).toEqual([]);
    expect(first.given).toEqual(given);
    expect(first.given).not.toBe(given);
  });

  it("refuses a schema that answers later", () => {
    const later: Schema = { "~standard": { version: 1, vendor: "test", validate: async (value) => ({ value }) } };
    expect(violationsOf(() => validatorOf(later)(1))[0]?.message).toContain("asynchronously");
  });

  it("reads the places of any library that speaks Standard Schema", () => {
    const issues = [{ message: "wrong", path: [{ key: "a" }, 0, Symbol.for("b")] }];
    const other: Schema = { "~standard": { version: 1, vendor: "test", validate: () => ({ issues }) } };
    expect(violationsOf(() => validatorOf(other)(1))).toEqual([{ path: "a[0].Symbol(b)", message: "wrong" }]);
  });
});

describe("a wrong argument", () => {
  it("is the caller's fault, said before anything ran", () => {
    const error = invalidArgument("input of a.b", new ValidationError([{ path: "n", message: "too small" }]));
    expect(error).toMatchObject({
      code: "invalid_argument",
      outcome: "not-executed",
      message: "input of a.b: n: too small",
    });
    expect(error.details).toEqual({ violations: [{ path: "n", message: "too small" }] });
  });

  it("is nothing that was thrown for another reason", () => {
    const bug = errorOf("internal", "a bug");
    expect(() => invalidArgument("input", bug)).toThrow(bug);
    expect(isError(bug)).toBe(true);
  });
});
