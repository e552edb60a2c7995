import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { type Logger, silentLogger, systemClock, systemIds } from "../../src/core/index.js";
import { latch, within } from "../../src/testing/conformance.js";
import { createTransport } from "../../transports/http/transport.js";
import { echo, newTransport, rawServer, serve } from "./http-rig.js";

const soon = <T>(what: string, promise: Promise<T>) => within(systemClock, 8_000, what, promise);

describe("best-effort events over HTTP", () => {
  it("can be read by anybody as one JSON value a line, until the server closes", async () => {
    const { address, publish, close } = await serve(echo);
    const response = await fetch(`${address}/events/stock%2Flow`);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/x-ndjson"]);
    publish("stock/low", { n: 1 });
    publish("stock", { n: 2 });
    publish("stock/low", "line\nbreak");
    const closing = close();
    expect(await response.text()).toBe('{"n":1}\n"line\\nbreak"\n');
    await closing;
  });

  it("subscribing resolves at once when nobody is there, and events come once somebody is", async () => {
    const first = await serve(echo);
    await first.close();
    const received = latch<unknown>();
    const connection = newTransport().connect(first.address);
    await soon("subscribing", connection.subscribe("stock", received.open));
    const second = await newTransport().serve(first.address, echo);
    const publishing = setInterval(() => second.publish("stock", "there"), 10);
    expect(await soon("an event", received.promise)).toBe("there");
    clearInterval(publishing);
  });

  it("after a reconnect every event comes once, and none after unsubscribing", async () => {
    const connection = newTransport().connect((await serve(echo)).address);
    await connection.close();

    const first = newTransport();
    const { address, publish } = await first.serve("http://127.0.0.1:0", echo);
    const seen: unknown[] = [];
    let told = latch();
    const client = newTransport().connect(address);
    const stop = await client.subscribe("stock", (payload) => {
      seen.push(payload);
      told.open();
    });
    publish("stock", "before");
    await soon("the first event", told.promise);
    await first.close();

    const second = await newTransport().serve(address, echo);
    told = latch();
    const publishing = setInterval(() => second.publish("stock", "probe"), 10);
    await soon("the reconnect", told.promise);
    clearInterval(publishing);
    const fence = latch();
    await client.subscribe("fence", () => fence.open());
    const before = seen.length;
    for (let n = 0; n < 20; n++) second.publish("stock", n);
    told = latch();
    second.publish("stock", "last");
    while (seen.at(-1) !== "last") {
      told = latch();
      if (seen.at(-1) !== "last") await soon("the last event", told.promise);
    }
    expect(seen.slice(before).filter((payload) => payload !== "probe")).toEqual([...Array(20).keys(), "last"]);

    stop();
    second.publish("stock", "after");
    second.publish("fence", 1);
    await soon("the fence", fence.promise);
    expect(seen.at(-1)).toBe("last");
  });

  it("puts lines together however the bytes are cut, and skips what is no JSON", async () => {
    const bytes = Buffer.from('{"text":"ß ✓"}\n\nno json\n"second"\n"cut off');
    const address = await rawServer((socket) => {
      socket.setNoDelay(true);
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        for (const byte of bytes)
          socket.write(Buffer.concat([Buffer.from("1\r\n"), Buffer.of(byte), Buffer.from("\r\n")]));
        socket.write("0\r\n\r\n");
      });
    });
    const seen: unknown[] = [];
    const both = latch();
    const stop = await newTransport()
      .connect(address)
      .subscribe("stock", (payload) => {
        seen.push(payload);
        if (seen.length === 2) both.open();
      });
    await soon("both events", both.promise);
    stop();
    expect(seen).toEqual([{ text: "ß ✓" }, "second"]);
  });

  it("drops a reader that does not read, and serves the others", async () => {
    const warned = latch();
    const logger: Logger = Object.assign(Object.create(silentLogger), { warn: () => warned.open() });
    const transport = createTransport({ clock: systemClock, ids: systemIds, logger, settings: {} });
    const { address, publish } = await transport.serve("http://127.0.0.1:0", echo);
    const { hostname, port } = new URL(address);
    const lazy = connect(Number(port), hostname);
    lazy.on("error", () => {});
    lazy.write("GET /events/stock HTTP/1.1\r\nhost: a\r\n\r\n");
    await once(lazy, "readable");
    lazy.pause();
    const diligent = newTransport().connect(address);
    const done = latch();
    await diligent.subscribe("stock", (payload) => payload === "last" && done.open());
    const chunk = "x".repeat(500_000);
    const filling = setInterval(() => publish("stock", chunk), 1);
    await soon("the lazy reader's end", warned.promise);
    clearInterval(filling);
    publish("stock", "last");
    await soon("the last event", done.promise);
    lazy.destroy();
    await transport.close();
  });

  it("publishing what cannot be written, or is too large, throws nothing and harms no reader", async () => {
    const { address, publish } = await serve(echo, { maxMessageBytes: "1000" });
    const received = latch<unknown>();
    await newTransport().connect(address).subscribe("stock", received.open);
    publish("stock", { n: 1n });
    publish("stock", undefined);
    publish("stock", "x".repeat(2_000));
    publish("stock", "fine");
    expect(await soon("the event", received.promise)).toBe("fine");
  });
});
