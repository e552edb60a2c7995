import * as fc from "fast-check";
import { canonicalJson, copyJson, findJsonFault } from "pangaea";
import { describe, expect, it } from "vitest";

class Thing {
  readonly own = 1;
}

const nested = (depth: number): unknown => {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = [value];
  return value;
};
const circular: { self?: unknown } = {};
circular.self = circular;

describe("a value that JSON cannot carry", () => {
  it.each([
    ["a Date", new Date(0), "an instance of Date cannot cross a contract; send toISOString()"],
    ["a Map", new Map(), "an instance of Map cannot cross a contract; send a plain object"],
    ["a class instance", new Thing(), "an instance of Thing cannot cross a contract; send a plain object"],
    ["an object with a strange prototype", Object.create(Object.create(null)), "an instance of class instance cannot"],
    ["NaN", Number.NaN, "NaN is not a JSON number"],
    ["Infinity", Number.NEGATIVE_INFINITY, "-Infinity is not a JSON number"],
    ["a BigInt", 1n, "a bigint cannot cross a contract"],
    ["a function", () => {}, "a function cannot cross a contract"],
    ["a symbol", Symbol("s"), "a symbol cannot cross a contract"],
    ["undefined in a list", undefined, "a undefined cannot cross a contract"],
  ])("is found where it stands: %s", (_what, value, message) => {
    const fault = findJsonFault({ items: [{ fine: 1 }, { deep: [value] }] });
    expect(fault?.path).toBe("items[1].deep[0]");
    expect(fault?.message).toContain(message);
  });

  it("is found at the top, without a path", () => {
    expect(findJsonFault(Number.NaN)).toEqual({ path: "", message: "NaN is not a JSON number" });
    expect(findJsonFault(undefined)?.path).toBe("");
  });

  it("is a circle, or anything nested deeper than 200 levels", () => {
    expect(findJsonFault(circular)?.message).toContain("circular");
    expect(findJsonFault(nested(201))).toBeUndefined();
    expect(findJsonFault(nested(202))?.message).toContain("deeper than 200");
  });

  it("is not a key whose value is undefined, nor an object without a prototype", () => {
    expect(findJsonFault({ a: undefined, b: Object.assign(Object.create(null), { c: null }) })).toBeUndefined();
  });

  it("is none of what JSON.parse can give", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => findJsonFault(value) === undefined));
  });
});

/** Every object and list in a value. */
function* objectsOf(value: unknown): Generator<object> {
  if (typeof value !== "object" || value === null) return;
  yield value;
  for (const child of Object.values(value)) yield* objectsOf(child);
}

describe("a copy", () => {
  const anything = fc.jsonValue({ noUnicodeString: false }) as fc.Arbitrary<unknown>;

  it("is what an encode and a decode would make of the value", () => {
    const withHoles = fc.oneof(anything, fc.dictionary(fc.string(), fc.option(anything, { nil: undefined })));
    fc.assert(
      fc.property(withHoles, (value) => {
        const decoded = JSON.parse(
          JSON.stringify(value, (key, child: unknown) => (key === "__proto__" ? undefined : child)),
        ) as unknown;
        expect(copyJson(value)).toStrictEqual(decoded);
      }),
    );
  });

  it("shares no object with the value, however deep", () => {
    fc.assert(
      fc.property(anything, (value) => {
        const originals = new Set(objectsOf(value));
        for (const object of objectsOf(copyJson(value))) expect(originals.has(object)).toBe(false);
      }),
    );
  });

  it("makes two of what stands twice in the value", () => {
    const shared = { n: 1 };
    const copy = copyJson({ a: shared, b: shared });
    copy.a.n = 2;
    expect(copy.b.n).toBe(1);
  });

  it("turns -0 into 0 and drops undefined keys", () => {
    const copy = copyJson({ zero: -0, gone: undefined });
    expect(Object.is(copy.zero, 0)).toBe(true);
    expect(Object.keys(copy)).toEqual(["zero"]);
  });

  it("never gives anything another prototype, whatever a sender calls its keys", () => {
    const sent = JSON.parse('{"__proto__": {"admin": true}, "list": [{"__proto__": {"admin": true}}]}') as {
      list: object[];
    };
    const copy = copyJson(sent);
    for (const object of [copy, ...copy.list]) {
      expect("admin" in object).toBe(false);
      expect(Object.hasOwn(object, "__proto__")).toBe(false);
    }
    expect("admin" in {}).toBe(false);
  });
});

describe("canonical JSON", () => {
  it("is the same text for equal values, in whatever order their keys were written", () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
    const object = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(object, (value) => {
        const reversed = Object.fromEntries(Object.entries(value).toReversed());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
      }),
    );
  });

  it("is another text for values that differ", () => {
    expect(canonicalJson({ a: [1, 2] })).not.toBe(canonicalJson({ a: [2, 1] }));
    expect(canonicalJson({ a: "1" })).not.toBe(canonicalJson({ a: 1 }));
  });
});
