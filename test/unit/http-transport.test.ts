import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { errorOf, rootContext, systemClock } from "../../src/core/index.js";
import { latch, rejection, within } from "../../src/testing/conformance.js";
import { heldHandler } from "../../src/testing/transport-subject.js";
import { callOf, curl, echo, newTransport, rawServer, serve, tcpProxy } from "./http-rig.js";

/** A server that answers any first request of a connection with these bytes, then does as told. */
const answering = (bytes: string, then: "close" | "reset" | "keep" = "close") =>
  rawServer((socket) => {
    socket.once("data", () => {
      if (then === "reset") socket.write(bytes, () => socket.destroy());
      else if (then === "close") socket.end(bytes);
      else socket.write(bytes);
    });
  });

/** How the answer to a batch of calls begins. */
const framesHead = "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\n";

const page = (status: string, body = "<html>It did not work.</html>", type = "text/html") =>
  `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

describe("an HTTP client", () => {
  it("rejects every call at once as not sent when the port refuses connections", async () => {
    const listener = await serve(echo);
    await listener.close();
    const connection = newTransport().connect(listener.address);
    await Promise.all(
      Array.from({ length: 300 }, (_, n) => rejection(connection.call(callOf(n)), "unavailable", "not-sent")),
    );
  });

  it("rejects as not sent when the host has no address", async () => {
    const connection = newTransport().connect("http://nowhere.invalid:4000");
    const error = await rejection(connection.call(callOf(1)), "unavailable", "not-sent");
    expect([error.retryable, error.message]).toEqual([true, "Nobody answers at http://nowhere.invalid:4000."]);
  });

  it.each<[string, string, "reset" | "close"]>([
    ["before it answers", "", "reset"],
    ["cleanly, before it answers", "", "close"],
    ["within the head of its answer", "HTTP/1.1 200 OK\r\ncontent-", "reset"],
    ["within its answer", `${framesHead}content-length: 100\r\n\r\n\0\0\0`, "close"],
    ["within a frame", `${framesHead}transfer-encoding: chunked\r\n\r\n6\r\n\0\0\0\x09[[\r\n`, "close"],
    ["with no reply in its answer", `${framesHead}content-length: 0\r\n\r\n`, "close"],
    ["after frames that make no sense", `${framesHead}content-length: 6\r\n\r\n\0\0\0\x02[7`, "close"],
    ["after a frame that is too large", `${framesHead}content-length: 4\r\n\r\n\xff\xff\xff\xff`, "close"],
    ["after something that is not HTTP", "220 mail.example ESMTP\r\n", "close"],
  ])("fails as unknown when the server closes the connection %s", async (_when, bytes, then) => {
    const connection = newTransport().connect(await answering(bytes, then));
    const error = await rejection(connection.call(callOf(1)), "unavailable", "unknown");
    expect(error.message).not.toMatch(/UND_ERR|socket/i);
  });

  it.each([
    ["400 Bad Request", "internal"],
    ["401 Unauthorized", "unauthenticated"],
    ["403 Forbidden", "permission_denied"],
    ["404 Not Found", "unimplemented"],
    ["429 Too Many Requests", "unavailable"],
    ["502 Bad Gateway", "unavailable"],
    ["503 Service Unavailable", "unavailable"],
    ["504 Gateway Timeout", "unavailable"],
    ["500 Oops", "unknown"],
    ["302 Found", "unknown"],
  ] as const)("takes a proxy's page with %s for %s, outcome unknown", async (status, code) => {
    const connection = newTransport({ upgrade: "off" }).connect(await answering(page(status), "keep"));
    const error = await rejection(connection.call(callOf(1)), code, "unknown");
    expect(error.message).not.toContain("did not work");
  });

  it("has sent nothing when a proxy has nobody to pass the Upgrade on to", async () => {
    const connection = newTransport().connect(await answering(page("502 Bad Gateway"), "keep"));
    await rejection(connection.call(callOf(1)), "unavailable", "not-sent");
  });

  it("cannot know the outcome of another framework's error", async () => {
    const body = JSON.stringify({
      code: "unavailable",
      message: "Busy.",
      details: [{ type: "other", value: "AA" }, 1],
    });
    const connection = newTransport({ upgrade: "off" }).connect(
      await answering(page("503 Busy", body, "application/json"), "keep"),
    );
    const error = await rejection(connection.call(callOf(1)), "unavailable", "unknown");
    expect([error.message, error.retryable, error.reason]).toEqual(["Busy.", true, undefined]);
  });

  it("survives details that are garbage", async () => {
    const details = [{ type: "google.rpc.ErrorInfo", value: "////" }];
    const body = JSON.stringify({ code: "not_found", message: 7, details });
    const connection = newTransport().connect(await answering(page("404 No", body, "application/json"), "keep"));
    await rejection(connection.call(callOf(1)), "not_found", "unknown");
  });

  it("a success that is not JSON is an error", async () => {
    const connection = newTransport().connect(await answering(page("200 OK"), "keep"));
    await rejection(connection.call(callOf(1)), "unknown", "unknown");
  });

  it("stops reading an answer that is too large", async () => {
    const { address } = await serve(() => Promise.resolve({ output: "x".repeat(5_000) }));
    const connection = newTransport({ maxMessageBytes: "1000" }).connect(address);
    await rejection(connection.call(callOf(1)), "resource_exhausted", "failed");
  });

  it("does not send what cannot be written or has no time left", async () => {
    const { handler, calls } = heldHandler();
    const connection = newTransport().connect((await serve(handler)).address);
    await rejection(connection.call(callOf({ n: 1n })), "invalid_argument", "not-sent");
    const late = rootContext(systemClock, 0);
    await rejection(connection.call(callOf(1, late)), "deadline_exceeded", "not-sent");
    const wide = rootContext(systemClock, 10_000, { idempotencyKey: "k".repeat(4_200_000) });
    await rejection(connection.call(callOf(1, wide)), "resource_exhausted", "not-sent");
    expect(calls()).toBe(0);
  });

  it("carries a key of any length up to that", async () => {
    const { address } = await serve((call) => Promise.resolve({ output: call.context.idempotencyKey }));
    const connection = newTransport().connect(address);
    for (const idempotencyKey of ["", " k ", "a,b", "ß", "k".repeat(30_000), "line\r\nx-injected: 1"]) {
      const { output } = await connection.call(callOf(1, rootContext(systemClock, 10_000, { idempotencyKey })));
      expect(output).toBe(idempotencyKey);
    }
  });

  it.each(["on", "off"])("keeps its connection for one call after another, with the Upgrade %s", async (upgrade) => {
    const { address } = await serve(echo);
    const proxy = await tcpProxy(address);
    const connection = newTransport({ upgrade }).connect(proxy.address);
    for (let n = 0; n < 20; n++) await connection.call(callOf(n));
    // A second one where a reply is handed over before its connection is free again.
    expect(proxy.connected()).toBeLessThanOrEqual(2);
  });

  it("a call given up while it waits for a connection is never sent and disturbs no other", async () => {
    const { handler, entered, release, calls } = heldHandler();
    const connection = newTransport({ upgrade: "off", connections: "1" }).connect((await serve(handler)).address);
    const first = connection.call(callOf("first"));
    await entered.promise;
    const context = rootContext(systemClock, 10_000);
    const second = rejection(connection.call(callOf("second", context)), "deadline_exceeded");
    const third = connection.call(callOf("third"));
    context.cancellation.cancel(errorOf("deadline_exceeded", "Too late.", { outcome: "unknown" }));
    await second;
    release.open();
    expect([(await first).output, (await third).output, calls()]).toEqual(["first", "third", 2]);
  });

  it("closing tells the call in flight from those that were never sent", async () => {
    const { handler, entered, release } = heldHandler();
    const connection = newTransport({ upgrade: "off", connections: "1" }).connect((await serve(handler)).address);
    const inFlight = rejection(connection.call(callOf(1)), "unavailable", "unknown");
    await entered.promise;
    const waiting = rejection(connection.call(callOf(2)), "unavailable", "not-sent");
    await connection.close();
    await Promise.all([inFlight, waiting]);
    release.open();
  });

  it.each(["127.0.0.1:80", "https://a:1", "http://a", "http://a:99999", "http://a:1/x", "http://u@a:1", ""])(
    "refuses the address %j and says how one looks",
    async (address) => {
      expect(() => newTransport().connect(address)).toThrow("write http://host:port");
      await expect(newTransport().serve(address, echo)).rejects.toThrow("write http://host:port");
    },
  );
});

describe("an HTTP server", () => {
  it("takes a free port and says which, on IPv6 too", async () => {
    for (const [given, pattern] of [
      ["http://127.0.0.1:0", /^http:\/\/127\.0\.0\.1:[1-9]\d+$/],
      ["http://[::1]:0", /^http:\/\/\[::1\]:[1-9]\d+$/],
    ] as const) {
      const transport = newTransport();
      const { address } = await transport.serve(given, echo);
      expect(address).toMatch(pattern);
      expect((await transport.connect(address).call(callOf(1))).output).toBe(1);
    }
  });

  it("names the address and the mend where the port is in use", async () => {
    const { address } = await serve(echo);
    await expect(newTransport().serve(address, echo)).rejects.toThrow(
      `Cannot listen on ${address}: the port is in use; stop what uses it, or configure another port`,
    );
  });

  it("cancels the handler's context when the caller goes away, and only then", async () => {
    const entered = latch();
    const reason = latch<unknown>();
    const { address } = await serve(async (call) => {
      if (call.input === "quick") return { output: call.context.cancellation };
      call.context.cancellation.onCancel((error) => reason.open(error));
      entered.open();
      return { output: await reason.promise };
    });
    const controller = new AbortController();
    const request = curl(`${address}/users.v1/get`, { body: "1", signal: controller.signal });
    await entered.promise;
    controller.abort();
    await expect(request).rejects.toThrow("abort");
    expect(await reason.promise).toMatchObject({ code: "canceled" });
  });

  it("while draining answers what is in flight, refuses the rest as not executed, then frees the port", async () => {
    const { handler, entered, release, calls } = heldHandler();
    const { address, close } = await serve(handler);
    const url = `${address}/users.v1/get`;
    const inFlight = curl(url, { body: '"kept"' });
    await entered.promise;
    const closing = close();
    const refused = await curl(url, { body: '"late"' });
    expect([refused.status, refused.headers.get("connection")]).toEqual([503, "close"]);
    expect(await refused.json()).toMatchObject({
      code: "unavailable",
      details: [{ debug: { metadata: { outcome: "not-executed", retryable: "true" } } }],
    });
    release.open();
    const answered = await inFlight;
    expect([answered.status, answered.headers.get("connection"), await answered.json()]).toEqual([
      200,
      "close",
      "kept",
    ]);
    await closing;
    expect(calls()).toBe(1);
    await (await newTransport().serve(address, echo)).close();
  });

  it("refuses a request that was still arriving when draining began", async () => {
    const { handler, entered, release, calls } = heldHandler();
    const { address, close } = await serve(handler);
    const first = curl(`${address}/users.v1/get`, { body: "1" });
    await entered.promise;
    const { hostname, port } = new URL(address);
    const socket = connect(Number(port), hostname);
    socket.write("POST /users.v1/get HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n");
    socket.write("content-length: 2\r\nexpect: 100-continue\r\n\r\n");
    const [invitation] = (await once(socket, "data")) as [Buffer];
    expect(invitation.toString()).toMatch(/^HTTP\/1\.1 100 /);
    const closing = close();
    socket.write("{}");
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 503 /);
    release.open();
    expect((await first).status).toBe(200);
    await closing;
    expect(calls()).toBe(1);
  });

  it("closing under load leaves no call in doubt", async () => {
    const { address, close } = await serve(echo);
    const connection = newTransport().connect(address);
    const warm = latch();
    let answered = 0;
    const caller = async (): Promise<unknown> => {
      for (;;) {
        try {
          await connection.call(callOf(1));
          if (++answered === 500) warm.open();
        } catch (error) {
          return error;
        }
      }
    };
    const callers = Array.from({ length: 40 }, caller);
    await warm.promise;
    await close();
    for (const error of await Promise.all(callers)) {
      expect(error).toMatchObject({ code: "unavailable", outcome: expect.stringMatching(/^not-/) as unknown });
    }
  });

  it("closes though somebody holds a connection open and says nothing", async () => {
    const { address, close } = await serve(echo);
    const { hostname, port } = new URL(address);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    expect((await curl(`${address}/users.v1/get`, { body: "1" })).status).toBe(200);
    await within(systemClock, 8_000, "closing", close());
  });
});
