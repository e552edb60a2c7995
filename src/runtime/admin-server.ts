import { createServer, type IncomingMessage, request as ask, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "../core/logger.js";
import { type AdminAnswer, json } from "./admin-face.js";
import { ConfigurationError } from "./settings.js";

export interface AdminServerOptions {
  readonly port: number;
  /** By method and path, such as `GET /status`. */
  readonly answers: ReadonlyMap<string, AdminAnswer>;
  /** Where every other request goes: `http://127.0.0.1:PORT`. Undefined where there is nothing else. */
  readonly forwardTo: string | undefined;
  readonly logger: Logger;
}

export interface AdminServer {
  readonly address: string;
  close(): Promise<void>;
}

const host = "127.0.0.1";

/**
 * Opens an admin listener. It is on loopback, whatever the settings say of the gateway: it tells more than outsiders may
 * know. Rejects, naming the port, where that cannot be had.
 */
export async function openAdminServer({ port, answers, forwardTo, logger }: AdminServerOptions): Promise<AdminServer> {
  const server = createServer((request, response) => {
    const [path] = (request.url ?? "/").split("?");
    const answer = answers.get(`${request.method} ${path}`);
    if (answer === undefined && forwardTo !== undefined) return forward(request, response, forwardTo);
    if (answer === undefined) return json(response, 404, { message: `There are ${[...answers.keys()].join(", ")}.` });
    Promise.resolve()
      .then(() => answer(request, response))
      .catch((error: unknown) => {
        logger.warn("A question at the admin listener could not be answered.", { path, error });
        if (response.headersSent) response.destroy();
        else json(response, 500, { message: "It could not be answered; the log says why." });
      });
  });
  // An operation takes as long as it takes.
  server.requestTimeout = 0;
  await listen(server, port);
  return {
    address: `http://${host}:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Between this hop and the next they mean nothing; without `upgrade` a caller goes on in plain HTTP. */
const hopHeaders = ["connection", "upgrade", "keep-alive", "transfer-encoding"];

const onwards = (headers: IncomingMessage["headers"]) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !hopHeaders.includes(name)));

/** Passes a request on, and the answer back. */
function forward(request: IncomingMessage, response: ServerResponse, to: string): void {
  const next = ask(new URL(request.url ?? "/", to), { method: request.method, headers: onwards(request.headers) });
  next.on("response", (answer) => {
    response.writeHead(answer.statusCode!, onwards(answer.headers));
    answer.pipe(response);
    answer.on("error", () => response.destroy());
  });
  next.on("error", () => {
    if (response.headersSent) response.destroy();
    else json(response, 503, { code: "unavailable", message: "The process is being stopped." });
  });
  response.on("close", () => next.destroy());
  request.pipe(next);
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why =
        error.code === "EADDRINUSE"
          ? "the port is in use: stop what listens there, or set ADMIN_PORT"
          : `${error.message}: set ADMIN_PORT`;
      reject(new ConfigurationError(`admin listener: Cannot listen on ${host}:${port}: ${why}`));
    });
    server.listen(port, host, resolve);
  });
