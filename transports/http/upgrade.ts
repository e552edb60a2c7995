import { type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { type Clock, type PangaeaError, withFields } from "../../src/core/index.js";
import { type Address, connectTimeoutMs, formatAddress } from "./address.js";
import { decodeError } from "./connect-protocol.js";
import { callsPath, frameProtocol, limitFor, limitHeader } from "./form.js";
import { notSent } from "./outgoing-calls.js";

/** How long a server that has taken the connection may think about the Upgrade. */
const answerTimeoutMs = 5_000;
const maxErrorBytes = 64 * 1024;

/** What became of an attempt to upgrade; exactly one of them is called. */
export interface UpgradeListener {
  /** `first` holds what came behind the answer; `maxMessageBytes` is what both sides accept. */
  onOpen(socket: Socket, first: Buffer, maxMessageBytes: number): void;
  /** Nobody is there, or nobody who takes calls: nothing was sent. */
  onAbsent(error: PangaeaError): void;
  /** Somebody is there who does not speak frames, or something between. */
  onRefused(): void;
}

/**
 * The error in an answer that says that calls would find nobody: a server that shuts down says so itself, a proxy that
 * the server is not there. No call has been sent at this point. Undefined where a batch may still be taken.
 */
function absenceIn(status: number, body: Buffer): PangaeaError | undefined {
  const error = decodeError(status, body);
  if (error.code === "unavailable" && error.outcome === "not-executed") return error;
  return status >= 502 && status <= 504 ? withFields(error, { outcome: "not-sent" }) : undefined;
}

/** Asks the server at an address to go over to frames; the returned function gives the attempt up. */
export function requestUpgrade(
  address: Address,
  clock: Clock,
  maxMessageBytes: number,
  listener: UpgradeListener,
): () => void {
  let connected = false;
  let done = false;
  let stopTimer = () => {};
  const finish = (action: () => void) => {
    if (done) return;
    done = true;
    stopTimer();
    action();
  };
  const fail = (cause?: Error) =>
    finish(() => {
      sent.destroy();
      if (connected) listener.onRefused();
      else listener.onAbsent(notSent(formatAddress(address), cause));
    });
  const limit = (delayMs: number) => {
    stopTimer();
    // Where this process was held up, the answer may be there and not have been looked at.
    stopTimer = clock.after(delayMs, () => setImmediate(fail), true);
  };

  const sent = request({
    host: address.host,
    port: address.port,
    path: callsPath,
    agent: false,
    headers: { connection: "Upgrade", upgrade: frameProtocol, [limitHeader]: String(maxMessageBytes) },
  });
  limit(connectTimeoutMs);
  sent.on("socket", (socket) => {
    socket.on("connect", () => {
      connected = true;
      limit(answerTimeoutMs);
    });
  });
  sent.on("error", fail);
  sent.on("upgrade", (answer: IncomingMessage, socket: Socket, first: Buffer) => {
    if (answer.headers.upgrade?.toLowerCase() !== frameProtocol) {
      socket.destroy();
      fail();
      return;
    }
    finish(() => listener.onOpen(socket, first, limitFor(answer.headers[limitHeader], maxMessageBytes)));
  });
  sent.on("response", (answer) => {
    const chunks: Buffer[] = [];
    let size = 0;
    answer.on("data", (chunk: Buffer) => {
      if ((size += chunk.length) <= maxErrorBytes) chunks.push(chunk);
    });
    answer.on("error", fail);
    answer.on("end", () => {
      const error = absenceIn(answer.statusCode ?? 0, Buffer.concat(chunks));
      if (error === undefined) fail();
      else finish(() => listener.onAbsent(error));
    });
  });
  sent.end();
  return () => {
    finish(() => {});
    sent.destroy();
  };
}
