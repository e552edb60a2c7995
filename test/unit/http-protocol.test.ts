import { describe, expect, it } from "vitest";
import { type Call, fail, type Handler } from "../../src/core/index.js";
import { decodeErrorInfo } from "../../transports/http/error-info.js";
import { curl, echo, newTransport, sendRaw, serve } from "./http-rig.js";

/** Serves an echo that also keeps the last call it saw. */
async function observed(settings?: Readonly<Record<string, string>>) {
  let seen: Call | undefined;
  const listener = await serve((call) => {
    seen = call;
    return echo(call);
  }, settings);
  return { url: `${listener.address}/users.v1/get`, address: listener.address, seen: () => seen };
}

const json = { "content-type": "application/json" };
const callHeader = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

describe("the Connect protocol over HTTP", () => {
  it("answers a plain curl, taken for an outside caller's mutation with ten seconds to go", async () => {
    const { url, seen } = await observed();
    const response = await curl(url, { body: '{"id":"u1"}' });
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(await response.json()).toEqual({ id: "u1" });
    expect(seen()).toMatchObject({
      kind: "request",
      service: "users",
      version: 1,
      method: "get",
      input: { id: "u1" },
      effect: "mutation",
      attempt: 1,
      caller: "external",
    });
    expect(seen()?.context.remainingMs()).toBeLessThanOrEqual(10_000);
    expect(seen()?.context.remainingMs()).toBeGreaterThan(5_000);
  });

  it("understands the headers that everybody knows", async () => {
    const { url, seen } = await observed();
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const headers = {
      "Content-Type": "Application/JSON; charset=utf-8",
      "Connect-Protocol-Version": "1",
      "Connect-Timeout-Ms": "700",
      "Idempotency-Key": "k1",
      "X-Request-Id": "r1",
      "X-Forwarded-For": "10.0.0.1",
      traceparent,
    };
    expect((await curl(url, { headers, body: "{}" })).status).toBe(200);
    const context = seen()?.context;
    expect(context?.idempotencyKey).toBe("k1");
    expect(context?.headers).toEqual({ traceparent, "x-request-id": "r1" });
    expect(context?.remainingMs()).toBeLessThanOrEqual(700);
  });

  it("writes an error as the protocol's body with google.rpc.ErrorInfo", async () => {
    const OUT_OF_STOCK = {
      reason: "OUT_OF_STOCK",
      domain: "inventory",
      code: "failed_precondition",
      status: 409,
      message: "None left.",
      details: undefined,
    } as const;
    const { address } = await serve(() => Promise.reject(fail(OUT_OF_STOCK)));
    const response = await curl(`${address}/inventory.v1/reserve`, { body: "{}" });
    expect(response.status).toBe(400);
    const metadata = { outcome: "failed", retryable: "false" };
    const body = (await response.json()) as { details: { value: string }[] };
    expect(body).toEqual({
      code: "failed_precondition",
      message: "None left.",
      details: [
        {
          type: "google.rpc.ErrorInfo",
          value: expect.stringMatching(/^[A-Za-z0-9+/]+$/) as unknown,
          debug: { reason: "OUT_OF_STOCK", domain: "inventory", metadata },
        },
      ],
    });
    expect(decodeErrorInfo(Buffer.from(body.details[0]!.value, "base64"))).toEqual({
      reason: "OUT_OF_STOCK",
      domain: "inventory",
      metadata: new Map(Object.entries(metadata)),
    });
  });

  it("tells nothing of a foreign error", async () => {
    const broken: Handler = () => Promise.reject(new TypeError("secret /srv/db.sqlite"));
    const { address } = await serve(broken);
    const response = await curl(`${address}/users.v1/get`, { body: "{}" });
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(text).toContain('"code":"internal"');
    expect(text).not.toMatch(/secret|TypeError|\.ts:/);
  });

  it.each<[string, string, RequestInit, number, string]>([
    ["another content type", "/users.v1/get", { headers: { "content-type": "text/plain" } }, 415, "invalid_argument"],
    ["no content type", "/users.v1/get", { headers: {}, body: Buffer.from("{}") }, 415, "invalid_argument"],
    ["GET", "/users.v1/get", { method: "GET" }, 405, "unimplemented"],
    ["DELETE", "/users.v1/get", { method: "DELETE" }, 405, "unimplemented"],
    ["a path without a version", "/users/get", {}, 404, "unimplemented"],
    ["a path with more parts", "/users.v1/get/more", {}, 404, "unimplemented"],
    ["a query", "/users.v1/get?a=1", {}, 404, "unimplemented"],
    ["a broken escape", "/users.v1/%zz", {}, 404, "unimplemented"],
    ["the root", "/", {}, 404, "unimplemented"],
    ["bad JSON", "/users.v1/get", { body: "{id:" }, 400, "invalid_argument"],
    ["a body that is not UTF-8", "/users.v1/get", { body: Buffer.from([0x22, 0xff, 0x22]) }, 400, "invalid_argument"],
    ["a compressed body", "/users.v1/get", { headers: { ...json, "content-encoding": "gzip" } }, 501, "unimplemented"],
    [
      "another protocol version",
      "/users.v1/get",
      { headers: { ...json, "connect-protocol-version": "2" } },
      400,
      "invalid_argument",
    ],
  ])("refuses %s, and no handler runs", async (_what, path, init, status, code) => {
    const { address, seen } = await observed();
    const body = init.method === undefined ? "{}" : undefined;
    const response = await curl(`${address}${path}`, { body, ...init });
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toMatchObject({
      code,
      details: [{ debug: { metadata: { outcome: "not-executed" } } }],
    });
    expect(seen()).toBeUndefined();
  });

  it.each(["-1", "1.5", "1e3", "99999999999", "9999999999", "soon", "0x10", "", "1, 2"])(
    "refuses the timeout %j",
    async (timeout) => {
      const { url, seen } = await observed();
      const response = await curl(url, { headers: { ...json, "connect-timeout-ms": timeout }, body: "{}" });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ code: "invalid_argument" });
      expect(seen()).toBeUndefined();
    },
  );

  it.each<[string, unknown]>([
    ["not JSON", "{kind:"],
    ["no object", [1]],
    ["an unknown kind", { kind: "order" }],
    ["an unknown effect", { effect: "none" }],
    ["a caller that is no text", { caller: { name: "x" } }],
    ["headers that are no texts", { headers: { a: 1 } }],
    ["headers that are no object", { headers: "a" }],
    ["half a principal", { principal: { id: "u1" } }],
    ["half an event", { event: { id: "e1" } }],
    ["a key that is no text", { idempotencyKey: 1 }],
    ["nesting without end", `${"[".repeat(18_000)}${"]".repeat(18_000)}`],
  ])("refuses a pangaea-call header with %s", async (_what, value) => {
    const { url, seen } = await observed();
    const response = await curl(url, { headers: { ...json, "pangaea-call": callHeader(value) }, body: "{}" });
    expect([response.status, seen()]).toEqual([400, undefined]);
    expect(await response.json()).toMatchObject({ code: "invalid_argument" });
  });

  it("keeps what the path and the timeout say, whatever pangaea-call says of them", async () => {
    const { url, seen } = await observed();
    const lie = { service: "payments", version: 9, method: "refund", remainingMs: 1e6, input: "x" };
    await curl(url, { headers: { ...json, "pangaea-call": callHeader(lie) }, body: '{"id":1}' });
    expect(seen()).toMatchObject({ service: "users", version: 1, method: "get", input: { id: 1 } });
    expect(seen()?.context.remainingMs()).toBeLessThanOrEqual(10_000);
  });

  it("hostile keys pollute no prototype", async () => {
    const { url, seen } = await observed();
    const hostile = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const header = callHeader('{"__proto__":{"caller":"x"},"headers":{"__proto__":"x","a":"b"}}');
    expect((await curl(url, { headers: { ...json, "pangaea-call": header }, body: hostile })).status).toBe(200);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(seen()?.caller).toBe("external");
    expect(Object.keys(seen()?.context.headers ?? {})).toEqual(["a"]);
  });

  it("refuses a body that is too large, announced or not, and goes on", async () => {
    const { url, seen } = await observed({ maxMessageBytes: "1000" });
    const large = "x".repeat(5_000_000);
    const stream = new Response(`"${large}"`).body!;
    for (const init of [{ body: `"${large}"` }, { body: stream, duplex: "half" } as RequestInit]) {
      const response = await curl(url, init);
      expect(response.status).toBe(413);
      expect(await response.json()).toMatchObject({ code: "resource_exhausted" });
    }
    expect(seen()).toBeUndefined();
    expect((await curl(url, { body: `"${"x".repeat(998)}"` })).status).toBe(200);
  });

  it("answers what is not HTTP with an error of the protocol", async () => {
    const { address } = await observed();
    const answer = await sendRaw(address, "HELLO\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"code":"invalid_argument"');
  });

  it.each([
    ["maxMessageBytes", "4MB"],
    ["connections", "0"],
    ["upgrade", "maybe"],
  ])("refuses the setting %s=%s by name", (key, value) => {
    expect(() => newTransport({ [key]: value })).toThrow(`${key} of transport http: "${value}"`);
  });
});
