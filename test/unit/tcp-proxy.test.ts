import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tcpProxy, type TcpProxy } from "pangaea/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

/** The machine may be busy with others. */
const patiently = { timeout: 20_000 };

/** Resolves also where the end is an error. */
const closed = (socket: Socket): Promise<unknown> => new Promise((resolve) => socket.once("close", resolve));

describe("the TCP proxy", () => {
  let server: Server;
  let proxy: TcpProxy;
  const arrived: number[] = [];

  beforeEach(async () => {
    arrived.length = 0;
    server = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (data) => {
        arrived.push(data.length);
        socket.write(data);
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    proxy = await tcpProxy((server.address() as { port: number }).port);
  });
  afterEach(async () => {
    await proxy.close();
    server.close();
  });

  async function begin(): Promise<{ socket: Socket; said: () => string; ended: Promise<unknown> }> {
    const socket = connect(proxy.port, "127.0.0.1");
    let text = "";
    socket.on("data", (data) => (text += data.toString()));
    socket.on("error", () => {});
    const ended = closed(socket);
    await once(socket, "connect");
    return { socket, said: () => text, ended };
  }

  it("passes on what it is given, both ways, in order", async () => {
    const { socket, said } = await begin();
    for (let count = 0; count < 100; count++) socket.write(`${count} `);
    const all = Array.from({ length: 100 }, (_none, count) => `${count} `).join("");
    await expect.poll(said, patiently).toBe(all);
    expect(proxy.connections).toBe(1);
    socket.destroy();
    await expect.poll(() => proxy.connections, patiently).toBe(0);
  });

  it("lets everything arrive later, each way", async () => {
    proxy.set({ latencyMs: 150 });
    const { socket, said } = await begin();
    const begun = performance.now();
    socket.write("a");
    await expect.poll(said, patiently).toBe("a");
    expect(performance.now() - begun).toBeGreaterThanOrEqual(290);
  });

  it("cuts what is connected and who comes later, until it is told otherwise", async () => {
    const first = await begin();
    first.socket.write("a");
    await expect.poll(first.said, patiently).toBe("a");
    proxy.set({ isCut: true });
    await first.ended;
    const second = connect(proxy.port, "127.0.0.1");
    second.on("error", () => {});
    await closed(second);
    proxy.set({});
    const third = await begin();
    third.socket.write("b");
    await expect.poll(third.said, patiently).toBe("b");
  });

  it("half-open, accepts and keeps everything to itself", async () => {
    proxy.set({ isHalfOpen: true });
    const { socket, said } = await begin();
    socket.write("lost");
    await new Promise((resolve) => setTimeout(resolve, 100));
    proxy.set({});
    socket.write("kept");
    await expect.poll(said, patiently).toBe("kept");
    expect(arrived).toEqual([4]);
  });

  it("slices what it passes on", async () => {
    proxy.set({ sliceBytes: 1 });
    const { socket, said } = await begin();
    socket.write("pangaea");
    await expect.poll(said, patiently).toBe("pangaea");
    expect(Math.max(...arrived)).toBeLessThan(7);
  });

  it("reads answers slowly", async () => {
    proxy.set({ bytesPerSecond: 1_000 });
    const { socket, said } = await begin();
    const begun = performance.now();
    socket.write("x".repeat(300));
    await expect.poll(() => said().length, patiently).toBe(300);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(250);
  });
});
