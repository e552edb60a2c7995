import { codes, defineContract, DefinitionError, errorOf, fail, frameworkErrors, read } from "pangaea";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { problemOf, retryAfterOf, statusLookup } from "../../src/gateway/problem.js";
import { edgeRoutes, fromText } from "../../src/gateway/routes.js";

const Empty = z.object({});
const withRoutes = (name: string, routes: Record<string, string>) =>
  defineContract(name, 1, {
    procedures: Object.fromEntries([
      ["internal", read({ input: Empty, output: Empty })],
      ...Object.entries(routes).map(
        ([method, route]) =>
          [method, read({ input: Empty, output: Empty, access: "public", http: { route: route as "GET /" } })] as const,
      ),
    ]),
  });
const client = () => new Proxy({}, { get: (_target, method) => () => Promise.resolve(method) });

describe("the routes of the edge", () => {
  it("are the annotated procedures of every contract, and no others", async () => {
    const routes = edgeRoutes(
      [withRoutes("a", { get: "GET /a/:id" }), withRoutes("b", { put: "PUT /b", drop: "DELETE /b" })],
      client,
    );
    expect(routes.map(({ verb, path, contract, method }) => [verb, path, contract.name, method])).toEqual([
      ["put", "/b", "b", "put"],
      ["delete", "/b", "b", "drop"],
      ["get", "/a/:id", "a", "get"],
    ]);
    expect(await routes[2]!.invoke({}, undefined as never)).toBe("get");
  });

  it("put a written-out path before one with a parameter, so that no word is taken for an id", () => {
    const routes = edgeRoutes([withRoutes("a", { one: "GET /a/:id", latest: "GET /a/latest" })], client);
    expect(routes.map(({ path }) => path)).toEqual(["/a/latest", "/a/:id"]);
  });

  it.each([
    ["GET /a", "GET /a"],
    ["GET /a/:id", "GET /a/:name"],
    ["POST /a/:id/b", "POST /a/:x/b"],
  ])("are refused where two want the same: %s and %s", (one, other) => {
    const make = () => edgeRoutes([withRoutes("first", { get: one }), withRoutes("second", { find: other })], client);
    expect(make).toThrow(DefinitionError);
    expect(make).toThrow(`first.get and second.find both want the route ${other}; change one`);
  });

  it.each([
    ["GET /a", "POST /a"],
    ["GET /a/:id", "GET /a/:id/b"],
    ["GET /a/:id", "GET /b/:id"],
  ])("stand beside each other where a request can be told apart: %s and %s", (one, other) => {
    expect(edgeRoutes([withRoutes("first", { get: one }), withRoutes("second", { find: other })], client)).toHaveLength(
      2,
    );
  });

  it("know the JSON type of every field of their input", () => {
    const input = z.object({
      n: z.int().default(1),
      on: z.boolean().optional(),
      text: z.string(),
      list: z.array(z.string()),
      either: z.union([z.string(), z.int()]),
      kind: z.enum(["a"]),
      maybe: z.int().nullable(),
      deep: z.object({}),
    });
    const contract = defineContract("a", 1, {
      procedures: { get: read({ input, output: Empty, access: "public", http: { route: "GET /a" } }) },
    });
    const [route] = edgeRoutes([contract], client);
    expect(Object.fromEntries(route!.fields)).toEqual({
      n: "number",
      on: "boolean",
      text: "string",
      list: "array",
      either: "string",
      kind: "string",
      maybe: "number",
      deep: "other",
    });
  });
});

describe("text of a path or query", () => {
  it.each<[string | string[], Parameters<typeof fromText>[1], unknown]>([
    ["7", "number", 7],
    ["-1.5", "number", -1.5],
    ["7", "string", "7"],
    ["7", undefined, "7"],
    ["7", "other", "7"],
    ["true", "boolean", true],
    ["false", "boolean", false],
    ["true", "string", "true"],
    ["a", "array", ["a"]],
    [["a", "b"], "array", ["a", "b"]],
    [["1", "2"], "number", 2],
    [["a", "b"], "string", "b"],
  ])("%j as %s is %j", (text, type, value) => {
    expect(fromText(text, type)).toEqual(value);
  });

  it.each<[string, Parameters<typeof fromText>[1]]>([
    ["seven", "number"],
    ["", "number"],
    [" ", "number"],
    ["Infinity", "number"],
    ["NaN", "number"],
    ["yes", "boolean"],
    ["TRUE", "boolean"],
    ["1", "boolean"],
  ])("%j stays text, for the validator to refuse as %s", (text, type) => {
    expect(fromText(text, type)).toBe(text);
  });
});

describe("a problem", () => {
  const { errors } = defineContract("things", 1, {
    procedures: {},
    errors: { SOLD_OUT: { code: "failed_precondition", status: 409, details: z.object({ id: z.string() }) } },
  });
  const statusOf = statusLookup([{ errors } as never]);

  it("has the status that the contract declares, and its reason, details and request", () => {
    expect(problemOf(fail(errors.SOLD_OUT, { id: "1" }), statusOf, "r1")).toEqual({
      type: "urn:pangaea:things:SOLD_OUT",
      title: "Sold out",
      status: 409,
      detail: "sold out",
      code: "failed_precondition",
      reason: "SOLD_OUT",
      details: { id: "1" },
      requestId: "r1",
    });
  });

  it("has its code's status where nobody declared another, and a title for each of the sixteen", () => {
    for (const [code, { http }] of Object.entries(codes)) {
      const problem = problemOf(errorOf(code as keyof typeof codes, "m"), statusOf, undefined);
      const status = code === "resource_exhausted" ? 503 : http;
      expect(problem, code).toMatchObject({ type: "about:blank", status, code, detail: "m" });
      expect(problem.title, code).toMatch(/^[A-Z][a-z ]+$/);
      expect(Object.keys(problem)).not.toContain("requestId");
    }
    expect(
      problemOf(errorOf("failed_precondition", "m", { reason: "SOLD_OUT", domain: "others" }), statusOf, undefined)
        .status,
    ).toBe(400);
  });

  it("says of too much to do that it is the system's, unless a contract declares a limit of the client's", () => {
    const limits = defineContract("limits", 1, { procedures: {}, errors: { OFTEN: { code: "resource_exhausted" } } });
    expect(problemOf(fail(limits.errors.OFTEN), statusOf, undefined)).toMatchObject({ status: 429, title: "Often" });
    const shed = errorOf("resource_exhausted", "m", { outcome: "not-executed", details: { retryAfterMs: 2_100 } });
    const problem = problemOf(shed, statusOf, undefined);
    expect(problem).toMatchObject({ status: 503, title: "Overloaded" });
    expect(retryAfterOf(problem.details)).toBe("3");
    for (const details of [undefined, null, {}, { retryAfterMs: "soon" }, { retryAfterMs: -1 }])
      expect(retryAfterOf(details)).toBe("1");
  });

  it("has the framework's own statuses", () => {
    expect(problemOf(fail(frameworkErrors.BODY_TOO_LARGE), statusOf, undefined).status).toBe(413);
    expect(problemOf(fail(frameworkErrors.IDEMPOTENCY_KEY_REUSED), statusOf, undefined).status).toBe(422);
  });

  it("says nothing of what was thrown if that was not ours", () => {
    for (const thrown of [new Error("select secret"), "secret", null, { code: "internal", message: "secret" }]) {
      const problem = problemOf(thrown, statusOf, undefined);
      expect(problem).toMatchObject({ status: 500, code: "internal" });
      expect(JSON.stringify(problem)).not.toContain("secret");
    }
  });
});
