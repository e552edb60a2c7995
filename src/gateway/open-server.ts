import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import { Server as NetServer } from "node:net";
import { ByNumber } from "../core/by-number.js";
import type { Clock } from "../core/clock.js";
import type { GatewayOptions } from "../core/gateway.js";
import { ConfigurationError } from "../runtime/settings.js";

/** An HTTP server that can be left without cutting anybody off. */
export interface OpenServer {
  /** `http://host:port` as it came out. */
  readonly address: string;
  close(graceMs: number): Promise<void>;
}

/** Listens at host and port, or on the socket that is given. Rejects, naming host and port, where it cannot be had. */
export async function openServer(
  handle: RequestListener,
  { host, port, socket, clock }: GatewayOptions,
): Promise<OpenServer> {
  const server = createServer();
  const open = new ByNumber<ServerResponse>();
  let last = 0;
  let closing = false;
  server.on("request", (request, response) => {
    if (closing) response.shouldKeepAlive = false;
    const number = ++last;
    open.set(number, response);
    response.once("close", () => open.delete(number));
    handle(request, response);
  });
  await listen(server, host, port, socket);
  const bound = server.address();
  const boundPort = typeof bound === "object" && bound !== null ? bound.port : port;

  return {
    address: `http://${host.includes(":") ? `[${host}]` : host}:${boundPort}`,
    async close(graceMs) {
      closing = true;
      // What is being answered is the last answer on its connection, too.
      for (const [, response] of open.entries()) if (!response.headersSent) response.shouldKeepAlive = false;
      const closed = closeListener(server);
      if (graceMs > 0) await waitUntil(closed, graceMs, clock);
      server.closeIdleConnections();
      await closed;
    },
  };
}

/**
 * Takes no more connections and resolves when the last has ended. Not the HTTP server's own way, which cuts idle
 * connections at once: a client may be sending its next request on one of them.
 */
const closeListener = (server: Server): Promise<void> =>
  new Promise((resolve) => void NetServer.prototype.close.call(server, () => resolve()));

async function waitUntil(done: Promise<void>, maxMs: number, clock: Clock): Promise<void> {
  let cancel = () => {};
  const passed = new Promise<void>((resolve) => (cancel = clock.after(maxMs, resolve, true)));
  await Promise.race([done, passed]);
  cancel();
}

const listen = (server: Server, host: string, port: number, socket: object | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why =
        error.code === "EADDRINUSE"
          ? "is in use: stop what listens there, or set PORT"
          : `cannot be listened on (${error.message}): set HOST and PORT`;
      reject(new ConfigurationError(`The gateway's address ${host}:${port} ${why}.`));
    });
    if (socket === undefined) server.listen(port, host, resolve);
    else server.listen(socket, resolve);
  });
