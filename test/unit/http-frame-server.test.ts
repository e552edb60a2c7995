import { once } from "node:events";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Logger, silentLogger, systemClock, systemIds } from "../../src/core/index.js";
import { latch, within } from "../../src/testing/conformance.js";
import { heldHandler } from "../../src/testing/transport-subject.js";
import { createFrameReader } from "../../transports/http/frames.js";
import { createTransport } from "../../transports/http/transport.js";
import { callOf, curl, echo, frame, newTransport, sendRaw, serve, upgraded } from "./http-rig.js";

const soon = <T>(what: string, promise: Promise<T>) => within(systemClock, 8_000, what, promise);

const head = { kind: "request", service: "users", version: 1, method: "get", effect: "read", attempt: 1, caller: "t" };
const announced = { head: 0, is: head };

describe("a server of frames", () => {
  it.each<[string, Buffer]>([
    ["a frame that is no JSON", frame("{")],
    ["a frame that is no list", frame("7")],
    ["a message that is nothing", frame("[7]")],
    ["a call without its head", frame("[[1,0,1000,0,0]]")],
    ["a head that makes no sense", frame('[{"head":0,"is":{"kind":"x"}}]')],
    ["a head with a number too high", frame(JSON.stringify([{ ...announced, head: 1_024 }]))],
    ["a call without a number", frame(JSON.stringify([announced, ["x", 0, 1000, 0, 0]]))],
    ["the same number twice", frame(JSON.stringify([announced, [1, 0, 1000, 0, 0], [1, 0, 1000, 0, 0]]))],
    ["a frame that is too large", Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ["nesting without end", frame("[".repeat(100_000))],
  ])("closes the connection after %s, says so, and serves the others", async (_what, bytes) => {
    const warned = latch<string>();
    const logger: Logger = Object.assign(Object.create(silentLogger), { warn: (text: string) => warned.open(text) });
    const transport = createTransport({ clock: systemClock, ids: systemIds, logger, settings: {} });
    const { address } = await transport.serve("http://127.0.0.1:0", heldHandler().handler);
    const { head, socket, closed } = await upgraded(address);
    expect(head).toMatch(/^HTTP\/1\.1 101 /);
    socket.write(bytes);
    await soon("the end", closed);
    expect(await soon("a warning", warned.promise)).toContain("makes no sense");
    expect((await curl(`${address}/users/get`, { body: "{}" })).status).toBe(404);
    await transport.close();
  });

  it("refuses a single call that is malformed, and answers its neighbours", async () => {
    const { address } = await serve(echo);
    const { socket } = await upgraded(address);
    socket.write(
      frame(JSON.stringify([announced, [1, 0, -5, 0, 0, "a"], [2, 0, 1000, { a: 1 }, 0], [3, 0, 1000, 0, 0, "b"]])),
    );
    const answers: unknown[] = [];
    const all = latch();
    socket.on(
      "data",
      createFrameReader(10_000, (text) => {
        answers.push(...(JSON.parse(text) as unknown[]));
        if (answers.length === 3) all.open();
      }),
    );
    await soon("three answers", all.promise);
    expect(answers).toEqual([
      { id: 1, error: expect.objectContaining({ code: "invalid_argument", outcome: "not-executed" }) as unknown },
      { id: 2, error: expect.objectContaining({ code: "invalid_argument", outcome: "not-executed" }) as unknown },
      [3, "b"],
    ]);
  });

  it("survives any bytes", async () => {
    const { address } = await serve(echo);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (bytes) => {
        const { socket, closed } = await upgraded(address);
        socket.end(Buffer.from(bytes));
        await closed;
      }),
      { numRuns: 50 },
    );
    expect((await newTransport().connect(address).call(callOf(1))).output).toBe(1);
  });

  it("closes the connection of a batch that makes no sense, and refuses what is no batch", async () => {
    const { address } = await serve(echo);
    expect((await curl(`${address}/calls`, { body: "{}" })).status).toBe(400);
    expect((await curl(`${address}/calls`, { body: "[[1" })).status).toBe(400);
    await expect(curl(`${address}/calls`, { body: "[[1,0,1000,0,0]]" })).rejects.toThrow("fetch failed");
    expect((await curl(`${address}/calls`, { body: "[]" })).status).toBe(200);
    expect((await curl(`${address}/calls`, { headers: { "content-type": "text/plain" }, body: "[]" })).status).toBe(
      415,
    );
  });

  it("takes a request that asks for another protocol for what it is without that", async () => {
    const { address } = await serve(echo);
    const answer = await sendRaw(
      address,
      "POST /users.v1/get HTTP/1.1\r\nhost: a\r\nconnection: upgrade, close\r\nupgrade: h2c\r\n" +
        "content-type: application/json\r\ncontent-length: 1\r\n\r\n7",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\n7$/);
  });

  it("stops reading while too many of its calls are not answered, and goes on when they are", async () => {
    const { handler, release, calls } = heldHandler();
    const { address } = await serve(handler);
    const { socket } = await upgraded(address);
    socket.write(frame(JSON.stringify([announced])));
    const count = 20_000;
    for (let id = 1; id <= count; id += 100) {
      const messages = Array.from({ length: 100 }, (_, n) => [id + n, 0, 10_000, 0, 0, "x".repeat(200)]);
      socket.write(frame(JSON.stringify(messages)));
    }
    let before = -1;
    for (let quiet = 0; quiet < 20; quiet = calls() === before ? quiet + 1 : 0) {
      before = calls();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(calls()).toBeGreaterThanOrEqual(8_192);
    expect(calls()).toBeLessThan(12_000);
    let answered = 0;
    const all = latch();
    socket.on(
      "data",
      createFrameReader(1_000_000, (text) => {
        answered += (JSON.parse(text) as unknown[]).length;
        if (answered === count) all.open();
      }),
    );
    release.open();
    await soon("every answer", all.promise);
  });

  it("asks callers to go before it closes, and waits until they have", async () => {
    const { handler, entered, release } = heldHandler();
    const { address, close } = await serve(handler);
    const { socket, closed } = await upgraded(address);
    const answers: unknown[] = [];
    const told = latch();
    socket.on(
      "data",
      createFrameReader(10_000, (text) => {
        answers.push(...(JSON.parse(text) as unknown[]));
        told.open();
      }),
    );
    socket.write(frame(JSON.stringify([announced, [1, 0, 10_000, 0, 0, "kept"]])));
    await soon("the start", entered.promise);
    const closing = close();
    await soon("the word", told.promise);
    expect(answers).toEqual([{ goaway: true }]);
    socket.write(frame(JSON.stringify([[2, 0, 10_000, 0, 0]])));
    while (answers.length < 2) await once(socket, "data");
    expect(answers[1]).toMatchObject({ id: 2, error: { code: "unavailable", outcome: "not-executed" } });
    release.open();
    while (answers.length < 3) await once(socket, "data");
    expect(answers[2]).toEqual([1, "kept"]);
    socket.end();
    await soon("the end", closed);
    await soon("closing", closing);
  });
});
