import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import {
  type Call,
  type Context,
  type Handler,
  rootContext,
  silentLogger,
  systemClock,
  systemIds,
} from "../../src/core/index.js";
import { createFrameReader } from "../../transports/http/frames.js";
import { createTransport } from "../../transports/http/transport.js";

/** A transport that is closed when the test ends. */
export function newTransport(settings: Readonly<Record<string, string>> = {}) {
  const transport = createTransport({ clock: systemClock, ids: systemIds, logger: silentLogger, settings });
  onTestFinished(() => transport.close());
  return transport;
}

/** Serves `handler` on a free port. */
export const serve = (handler: Handler, settings?: Readonly<Record<string, string>>) =>
  newTransport(settings).serve("http://127.0.0.1:0", handler);

export const echo: Handler = (call) => Promise.resolve({ output: call.input });

/** A call of `users.get`, by default with ten seconds to go. */
export const callOf = (
  input: unknown,
  context: Context = rootContext(systemClock, 10_000),
  more: Partial<Call> = {},
): Call => ({
  kind: "request",
  service: "users",
  version: 1,
  method: "get",
  input,
  effect: "read",
  attempt: 1,
  caller: "tester",
  context,
  ...more,
});

/** A request as curl would send it. */
export const curl = (url: string, init: RequestInit = {}): Promise<Response> =>
  fetch(url, { method: "POST", headers: { "content-type": "application/json" }, ...init });

/** A bare TCP server in the place of an HTTP one. */
export async function rawServer(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

/** What a server answers to these bytes until it closes the connection. */
export function sendRaw(address: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve, reject) => {
    let answer = "";
    connect(Number(port), hostname, function (this: Socket) {
      this.write(bytes);
    })
      .on("data", (chunk: Buffer) => (answer += chunk.toString()))
      .on("close", () => resolve(answer))
      .on("error", reject);
  });
}

/** A way to a server that counts its connections and can cut them. */
export async function tcpProxy(target: string) {
  const { hostname, port } = new URL(target);
  let connected = 0;
  const sockets = new Set<Socket>();
  const address = await rawServer((socket) => {
    connected++;
    const onward = connect(Number(port), hostname);
    onward.on("error", () => socket.destroy());
    onward.on("close", () => socket.destroy());
    socket.on("close", () => {
      sockets.delete(socket);
      onward.destroy();
    });
    sockets.add(socket);
    socket.pipe(onward).pipe(socket);
  });
  return {
    address,
    connected: () => connected,
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A frame by hand. */
export function frame(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** A server that takes the Upgrade and leaves the rest to `onFrame`; `send` writes a frame of such messages. */
export const frameServer = (
  onFrame: (messages: readonly unknown[], send: (...messages: unknown[]) => void, socket: Socket) => void,
): Promise<string> =>
  rawServer((socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: pangaea/1\r\n\r\n");
      const send = (...messages: unknown[]) => void socket.write(frame(JSON.stringify(messages)));
      const read = createFrameReader(10_000_000, (text) => onFrame(JSON.parse(text) as unknown[], send, socket));
      socket.on("data", read);
    });
  });

/** A connection that has been upgraded by hand: what it gets, and a way to send it any bytes. */
export async function upgraded(address: string) {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {});
  socket.write("GET /calls HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: pangaea/1\r\n\r\n");
  const [head] = (await once(socket, "data")) as [Buffer];
  const closed = once(socket, "close");
  return { head: head.toString(), socket, closed };
}
