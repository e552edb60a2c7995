import type { Server } from "node:http";
import type { Duplex } from "node:stream";
import { errorOf, type PangaeaError } from "../../src/core/index.js";
import { encodeError } from "./connect-protocol.js";

const statusLines: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/** A whole answer with an error of the Connect protocol, for a connection that node's HTTP has let go of. */
export function rawAnswer(statusLine: string, error: PangaeaError): string {
  const { body } = encodeError(error);
  return (
    `HTTP/1.1 ${statusLine}\r\nconnection: close\r\n` +
    `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.toString()}`
  );
}

/**
 * Answers what is not even HTTP with an error of the Connect protocol, then closes the connection. While a call on the
 * connection awaits its answer nothing is written: it would be taken for that answer.
 */
export function answerBrokenRequests(server: Server): void {
  const busy = new WeakSet<Duplex>();
  server.on("request", ({ socket }, response) => {
    busy.add(socket);
    response.on("close", () => busy.delete(socket));
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || busy.has(socket) || error.code === "ECONNRESET") {
      socket.destroy();
      return;
    }
    const refused = errorOf("invalid_argument", "The request is not HTTP as it is understood here.", {
      outcome: "not-executed",
    });
    socket.end(rawAnswer(statusLines[error.code ?? ""] ?? "400 Bad Request", refused));
  });
}
