import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import { errorOf, type Logger } from "../../src/core/index.js";
import { rawAnswer } from "./broken-request.js";
import { callsPath, frameAllowance, frameProtocol, limitFor, limitHeader } from "./form.js";
import { type FrameSession, serveFrames } from "./frame-session.js";
import type { ServerParts } from "./received-calls.js";

/** How long callers that were asked to close may take for it once everything is answered. */
const patienceMs = 2_000;

/** The upgraded connections of a server. */
export interface Upgrades {
  /** Asks every caller to send no more. */
  goAway(): void;
  /** Resolves when every connection has closed, or was cut because its caller took too long. */
  closed(): Promise<void>;
  /** Ends every connection at once. */
  cut(): void;
}

/** Whether a request asks for frames. What asks for another protocol goes the way of all other requests. */
export const asksForFrames = ({ method, url, headers }: IncomingMessage): boolean =>
  method === "GET" && url === callsPath && headers.upgrade?.toLowerCase() === frameProtocol;

/** Lets callers go over from HTTP to frames. */
export function acceptUpgrades(server: Server, parts: ServerParts & { readonly logger: Logger }): Upgrades {
  const { activity, clock, maxMessageBytes } = parts;
  const maxFrameBytes = maxMessageBytes + frameAllowance;
  const sessions = new Set<FrameSession>();
  let onClosed = () => {};

  server.on("upgrade", (request: IncomingMessage, socket: Socket, first: Buffer) => {
    // Only where node is too old to ask first.
    if (!asksForFrames(request) || activity.draining) {
      socket.on("error", () => {});
      const error = activity.draining
        ? errorOf("unavailable", "The server is shutting down.", { outcome: "not-executed" })
        : errorOf("unimplemented", "This protocol is not spoken here.", { outcome: "not-executed" });
      socket.end(rawAnswer(activity.draining ? "503 Service Unavailable" : "501 Not Implemented", error));
      return;
    }
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${frameProtocol}\r\n` +
        `${limitHeader}: ${maxMessageBytes}\r\n\r\n`,
    );
    const limit = limitFor(request.headers[limitHeader], maxMessageBytes);
    const session = serveFrames(socket, first, { ...parts, maxMessageBytes: limit, maxFrameBytes });
    sessions.add(session);
    socket.on("close", () => {
      sessions.delete(session);
      if (sessions.size === 0) onClosed();
    });
  });

  const cut = () => {
    for (const session of sessions) session.cut();
  };
  return {
    cut,
    goAway() {
      for (const session of sessions) session.goAway();
    },
    closed: () =>
      new Promise<void>((resolve) => {
        const stopWaiting = clock.after(patienceMs, cut, true);
        onClosed = () => {
          stopWaiting();
          resolve();
        };
        if (sessions.size === 0) onClosed();
      }),
  };
}
