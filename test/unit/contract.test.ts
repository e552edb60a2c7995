import {
  createContract,
  defineContract,
  DefinitionError,
  event,
  idempotent,
  isContract,
  mutation,
  read,
} from "pangaea";
import { describe, expect, it } from "vitest";
import { z } from "zod";

const Empty = z.object({});
const fine = () => read({ input: Empty, output: Empty });
const routed = (route: string) =>
  read({ input: Empty, output: Empty, access: "public", http: { route: route as "GET /" } });

const define = (spec: object, name = "things", version = 1): unknown =>
  defineContract(name, version, { procedures: {}, ...spec });

function refusalOf(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(DefinitionError);
    return (error as Error).message;
  }
  throw new Error("nothing was refused");
}

describe("a contract", () => {
  it("is refused, with the place and the mend, where it could not hold", () => {
    const cases: [() => unknown, string][] = [
      [() => define({}, "Things"), 'contract Things: name: "Things" must be lower case letters, digits and dashes'],
      [() => define({}, "1st"), "contract 1st: name"],
      [() => define({}, "things", 0), "contract things: version: 0 must be a whole number from 1"],
      [() => define({}, "things", 1.5), "contract things: version"],
      [() => define({ accepts: 3 }, "things", 2), "contract things: accepts: 3 must be a whole number from 1 to"],
      [() => define({ accepts: 0 }), "contract things: accepts"],
      [() => define({ procedures: { Get: fine() } }), "procedures.Get: the name must be camelCase"],
      [
        () => define({ procedures: { constructor: fine() } }),
        "procedures.constructor: the name must be camelCase and not one every object has",
      ],
      ...["then", "toJSON", "valueOf"].map((name): [() => unknown, string] => [
        () => define({ procedures: { [name]: fine() } }),
        `procedures.${name}: the name must be`,
      ]),
      [() => define({ procedures: JSON.parse('{"__proto__": 1}') as object }), "procedures.__proto__"],
      [
        () => define({ procedures: { get: read({ input: Empty, output: Empty, deadlineMs: 0 }) } }),
        "procedures.get.deadlineMs: must be a finite number",
      ],
      [
        () =>
          define({ procedures: { get: read({ input: Empty, output: Empty, deadlineMs: Number.POSITIVE_INFINITY }) } }),
        "no call may wait for ever",
      ],
      [
        () => define({ procedures: { get: read({ input: Empty, output: Empty, deadlineMs: Number.NaN }) } }),
        "procedures.get.deadlineMs",
      ],
      [
        () => define({ procedures: { get: routed("GET things") } }),
        'procedures.get.http.route: "GET things" must read like',
      ],
      [() => define({ procedures: { get: routed("HEAD /things") } }), "procedures.get.http.route"],
      [() => define({ procedures: { get: routed("GET /things/../admin") } }), "procedures.get.http.route"],
      [
        () => define({ procedures: { get: { ...routed("GET /things"), access: undefined } } }),
        "procedures.get.access: say who may call",
      ],
      [
        () =>
          define({
            procedures: {
              make: mutation({ input: Empty, output: Empty, access: "user", http: { route: "GET /make" } }),
            },
          }),
        "procedures.make.http.route: a mutation cannot be a GET",
      ],
      [
        () => define({ events: { Made: event({ payload: Empty, key: () => "", delivery: "best-effort" }) } }),
        "events.Made: the name must be camelCase",
      ],
      [
        () => define({ errors: { gone: { code: "not_found" } } }),
        "errors.gone: a reason is written in UPPER_SNAKE_CASE",
      ],
      [
        () => define({ errors: { GONE: { code: "gone" } } }),
        'errors.GONE.code: "gone" is not one of canceled, unknown',
      ],
    ];
    for (const [make, message] of cases) expect(refusalOf(make)).toContain(message);
  });

  it("takes over another's error under its own name only, and keeps its origin", () => {
    const other = defineContract("other", 1, { procedures: {}, errors: { GONE: { code: "not_found", status: 410 } } });
    const mine = defineContract("mine", 1, {
      procedures: {},
      errors: { GONE: other.errors.GONE, FULL: { code: "aborted" } },
    });
    expect(mine.errors.GONE).toMatchObject({ reason: "GONE", domain: "other", status: 410 });
    expect(mine.errors.FULL).toMatchObject({ reason: "FULL", domain: "mine", status: 409 });
    expect(refusalOf(() => define({ errors: { LOST: other.errors.GONE } }))).toContain(
      "errors.LOST: must keep its name GONE",
    );
  });

  it("fills in what was left out, and is nobody's to change", () => {
    const made = { payload: Empty, key: () => "k", delivery: "at-least-once" as const };
    const things = defineContract("things", 3, {
      procedures: { get: fine(), put: idempotent({ input: Empty, output: Empty, deadlineMs: 7 }) },
      events: { made },
    });
    expect(things.procedures.get).toMatchObject({ effect: "read", deadlineMs: 5_000 });
    expect(things.procedures.put).toMatchObject({ effect: "idempotent", deadlineMs: 7 });
    expect(things.events.made).toMatchObject({ name: "made", service: "things", version: 3 });
    expect([things.accepts, defineContract("things", 3, { accepts: 2, procedures: {} }).accepts]).toEqual([3, 2]);
    expect(Object.isFrozen(things)).toBe(true);
    expect([isContract(things), isContract({ ...things }), isContract(null)]).toEqual([true, false, false]);
  });

  it("asks for every schema with its place", () => {
    const places: string[] = [];
    const spec = {
      procedures: { get: fine() },
      events: { made: event({ payload: Empty, key: () => "", delivery: "best-effort" }) },
      errors: { GONE: { code: "not_found", details: Empty }, LOST: { code: "data_loss" } },
    } as const;
    createContract("things", 1, spec, (_schema, place) => places.push(place));
    expect(places).toEqual(
      ["procedures.get.input", "procedures.get.output", "events.made.payload", "errors.GONE.details"].map(
        (place) => `contract things: ${place}`,
      ),
    );
  });
});

const takes = (input: z.ZodType) => () => define({ procedures: { get: read({ input, output: Empty }) } });

describe("a schema in a contract", () => {
  const recursive: z.ZodType = z.lazy(() => z.object({ children: z.array(recursive) }));

  it.each([
    ["text with checks", z.string().min(1).regex(/^a/).trim().toLowerCase()],
    ["a refinement", z.string().refine((text) => text !== "b")],
    ["numbers", z.object({ a: z.number(), b: z.int(), c: z.float32() })],
    ["formats", z.object({ a: z.iso.datetime(), b: z.uuid(), c: z.email(), d: z.templateLiteral(["a", z.int()]) })],
    [
      "choices",
      z.union([
        z.literal(["a", 1, null, true]),
        z.enum(["x"]),
        z.discriminatedUnion("k", [z.object({ k: z.literal("a") })]),
      ]),
    ],
    ["lists", z.tuple([z.string(), z.array(z.boolean())], z.null())],
    ["records", z.record(z.string(), z.partialRecord(z.enum(["a"]), z.int()))],
    [
      "what may be missing",
      z.object({
        a: z.string().optional(),
        b: z.string().nullish(),
        c: z.int().default(1),
        d: z.int().prefault(2).readonly(),
      }),
    ],
    ["an intersection", z.intersection(z.object({ a: z.string() }), z.object({ b: z.string() }))],
    ["any JSON", z.json()],
    ["an open object of JSON", z.object({ a: z.string() }).catchall(z.json())],
    ["a closed object", z.strictObject({ a: z.string() })],
    ["one that holds itself", recursive],
  ])("may be %s", (_what, schema) => {
    expect(takes(schema)).not.toThrow();
  });

  const refused: [string, z.ZodType, string][] = [
    ["any", z.any(), "any is not part of JSON: use z.json()"],
    ["unknown", z.unknown(), "unknown is not part of JSON: use z.json()"],
    ["transform", z.string().transform(Number), "pipe is not part of JSON: parse in the service"],
    ["preprocess", z.preprocess(String, z.string()), "pipe is not part of JSON"],
    ["stringbool", z.stringbool(), "is not part of JSON"],
    ["a bare transform", z.transform(Number), "transform is not part of JSON: transform in the service"],
    ["pipe", z.string().pipe(z.string()), "pipe is not part of JSON"],
    ["coerce", z.coerce.number(), "coerce.number is not part of JSON"],
    ["coerced text", z.coerce.string(), "coerce.string is not part of JSON"],
    ["custom", z.custom<string>(() => true), "custom is not part of JSON: describe the JSON shape"],
    ["an instance", z.instanceof(URL), "custom is not part of JSON"],
    ["catch", z.string().catch("a"), "catch is not part of JSON: an invalid value must be refused"],
    ["date", z.date(), "date is not part of JSON: use z.iso.datetime()"],
    ["bigint", z.bigint(), "bigint is not part of JSON: use z.string()"],
    ["map", z.map(z.string(), z.string()), "map is not part of JSON: use z.record()"],
    ["set", z.set(z.string()), "set is not part of JSON: use z.array()"],
    ["nan", z.nan(), "nan is not part of JSON: use z.number().nullable()"],
    ["undefined", z.undefined(), "undefined is not part of JSON: use .optional()"],
    ["void", z.void(), "void is not part of JSON: use z.object({})"],
    ["promise", z.promise(z.string()), "promise is not part of JSON: use a type that JSON has"],
    ["symbol", z.symbol(), "symbol is not part of JSON"],
    ["file", z.file(), "file is not part of JSON"],
    [
      "a loose object",
      z.looseObject({ a: z.string() }),
      "a loose object passes anything: use z.object({...}).catchall(z.json())",
    ],
    ["an object open for anything", z.object({}).catchall(z.any()), "any is not part of JSON"],
    ["a literal that JSON lacks", z.literal(1n), "literal: a bigint cannot cross a contract"],
    ["a literal undefined", z.literal(["a", undefined]), "literal: a undefined cannot cross a contract"],
    ["a default that JSON lacks", z.number().default(Number.NaN), "default: NaN is not a JSON number"],
  ];
  const wrappings: [string, string, (schema: z.ZodType) => z.ZodType][] = [
    ["on its own", "input", (schema) => schema],
    ["in a field", "input.field", (schema) => z.object({ field: schema })],
    ["in a list", "input[]", (schema) => z.array(schema)],
    ["in a tuple", "input|1", (schema) => z.tuple([z.string(), schema])],
    ["in a tuple's rest", "input", (schema) => z.tuple([z.string()], schema)],
    ["in a choice", "input|1", (schema) => z.union([z.string(), schema])],
    ["in a record", "input", (schema) => z.record(z.string(), schema)],
    ["where it may be missing", "input.field", (schema) => z.object({ field: schema.optional() })],
    ["in a half of an intersection", "input", (schema) => z.intersection(z.object({}), schema)],
    ["behind a default", "input", (schema) => schema.nullable().default(null)],
    ["in a lazy one", "input.field", (schema) => z.lazy(() => z.object({ field: schema }))],
    ["deep down", "input.a[].b", (schema) => z.object({ a: z.array(z.object({ b: schema.readonly() })) })],
  ];

  it.each(refused)("may not be %s, wherever it stands", (_what, schema, message) => {
    for (const [where, place, wrap] of wrappings) {
      const refusal = refusalOf(takes(wrap(schema)));
      expect(refusal, where).toContain(`contract things: procedures.get.${place}: `);
      expect(refusal, where).toContain(message);
    }
  });

  it("is looked at in outputs, payloads and details too", () => {
    const bad = z.object({ at: z.date() });
    expect(refusalOf(() => define({ procedures: { get: read({ input: Empty, output: bad }) } }))).toContain(
      "procedures.get.output.at",
    );
    expect(
      refusalOf(() => define({ events: { made: event({ payload: bad, key: () => "", delivery: "best-effort" }) } })),
    ).toContain("events.made.payload.at");
    expect(refusalOf(() => define({ errors: { GONE: { code: "not_found", details: bad } } }))).toContain(
      "errors.GONE.details.at",
    );
  });

  it("must be one of zod's", () => {
    const other = { "~standard": { version: 1, vendor: "other", validate: () => ({ value: 1 }) } };
    expect(refusalOf(takes(other as unknown as z.ZodType))).toContain(
      "procedures.get.input: not a zod schema; write contracts with zod 4",
    );
  });
});
