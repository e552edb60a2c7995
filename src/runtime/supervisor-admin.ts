import { createServer, type IncomingMessage, request as ask, type Server, type ServerResponse } from "node:http";
import { ConfigurationError } from "./settings.js";

/** Answers one request; what it throws becomes a 500. */
export type AdminHandler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface SupervisorAdminOptions {
  readonly port: number;
  /** By method and path, such as `GET /status`. */
  readonly handlers: ReadonlyMap<string, AdminHandler>;
  /** Where every other request goes: the admin listener of a process with a gateway. Undefined while there is none. */
  readonly forwardTo: () => string | undefined;
}

export interface SupervisorAdmin {
  readonly address: string;
  close(): Promise<void>;
}

/**
 * Listens on loopback for whoever operates the system. What the supervisor does not know itself it passes on to a process
 * with a gateway, so that there is one address for all of it. Rejects where the port cannot be had.
 */
export async function openSupervisorAdmin(options: SupervisorAdminOptions): Promise<SupervisorAdmin> {
  const server = createServer((request, response) => {
    const path = (request.url ?? "").split("?")[0];
    const handler = options.handlers.get(`${request.method} ${path}`);
    if (handler === undefined) {
      forward(request, response, options.forwardTo());
      return;
    }
    Promise.resolve()
      .then(() => handler(request, response))
      .catch((error: unknown) => answerJson(response, 500, { error: (error as Error).message }));
  });
  // An operation takes as long as it takes.
  server.requestTimeout = 0;
  await listen(server, options.port);
  const { port } = server.address() as { port: number };
  return {
    address: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers with JSON. */
export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent) return;
  response.writeHead(status, { "content-type": "application/json" });
  response.end(`${JSON.stringify(body)}\n`);
}

const maxInputBytes = 64 * 1024;

/** The JSON object that a request brings. Throws where it brings something else. */
export async function jsonOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  // A page in a browser cannot send this type to a foreign address without asking first.
  if (request.headers["content-type"]?.split(";")[0] !== "application/json") {
    throw new Error("send JSON, with content-type: application/json");
  }
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk as string;
    if (text.length > maxInputBytes) throw new Error("the input is too long");
  }
  const input: unknown = JSON.parse(text === "" ? "{}" : text);
  if (typeof input !== "object" || input === null || Array.isArray(input)) throw new Error("send a JSON object");
  return input as Record<string, unknown>;
}

/** Between this hop and the next they mean nothing; without `upgrade` a caller goes on in plain HTTP. */
const hopHeaders = ["connection", "upgrade", "keep-alive", "transfer-encoding", "http2-settings"];

function forward(request: IncomingMessage, response: ServerResponse, to: string | undefined): void {
  const away = () => {
    const message = "No process with a gateway is ready.";
    answerJson(response, 503, { code: "unavailable", message, error: message });
  };
  if (to === undefined) return away();
  const headers = { ...request.headers };
  for (const name of hopHeaders) delete headers[name];
  const next = ask(new URL(request.url ?? "/", to), { method: request.method, headers });
  next.on("response", (answer) => {
    const answerHeaders = { ...answer.headers };
    for (const name of hopHeaders) delete answerHeaders[name];
    response.writeHead(answer.statusCode ?? 502, answerHeaders);
    answer.pipe(response);
    answer.on("error", () => response.destroy());
  });
  next.on("error", () => (response.headersSent ? response.destroy() : away()));
  response.on("close", () => next.destroy());
  request.pipe(next);
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why = error.code === "EADDRINUSE" ? "is in use: stop what listens there, or set ADMIN_PORT" : error.message;
      reject(new ConfigurationError(`admin listener: 127.0.0.1:${port} ${why}`));
    });
    server.listen(port, "127.0.0.1", resolve);
  });
