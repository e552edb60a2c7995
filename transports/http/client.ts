import { Pool } from "undici";
import {
  type Call,
  type Connection,
  errorOf,
  type Handler,
  type PangaeaError,
  type Reply,
  type TransportOptions,
} from "../../src/core/index.js";
import { connectTimeoutMs, formatAddress, parseAddress } from "./address.js";
import { headersOf } from "./call-headers.js";
import { decodeError, pathOf } from "./connect-protocol.js";
import { subscribeHttp } from "./event-subscription.js";

/** Far below the server's: the side that sends decides when an idle connection ends. */
const keepAliveTimeoutMs = 30_000;

function encode(input: unknown, maxMessageBytes: number): Buffer {
  let body: Buffer;
  try {
    body = Buffer.from(input === undefined ? "" : JSON.stringify(input));
  } catch (cause) {
    throw errorOf("invalid_argument", "The input cannot be written as JSON.", { outcome: "not-sent", cause });
  }
  if (body.length > maxMessageBytes) {
    throw errorOf("resource_exhausted", `The call has ${body.length} bytes; at most ${maxMessageBytes} can be sent.`, {
      outcome: "not-sent",
      retryable: false,
    });
  }
  return body;
}

const tooLarge = (status: number, maxMessageBytes: number): PangaeaError =>
  errorOf("resource_exhausted", `The answer is larger than the ${maxMessageBytes} bytes that can be received.`, {
    outcome: status === 200 ? "failed" : "unknown",
    retryable: false,
  });

/** The reply in a complete answer, or its error thrown. */
function decode(status: number, body: Buffer): Reply {
  if (status !== 200) throw decodeError(status, body);
  if (body.length === 0) return { output: undefined };
  try {
    return { output: JSON.parse(body.toString()) };
  } catch (cause) {
    throw errorOf("unknown", "The answer is not JSON.", { outcome: "unknown", cause });
  }
}

/** Sends one call as one POST. Settles exactly once: with the answer, the connection's failure, or the cancellation. */
function post(pool: Pool, address: string, call: Call, maxMessageBytes: number): Promise<Reply> {
  const { cancellation } = call.context;
  return new Promise((resolve, reject) => {
    if (cancellation.reason !== undefined) throw cancellation.reason;
    if (call.context.remainingMs() <= 0) {
      throw errorOf("deadline_exceeded", "The deadline passed before the call was sent.", { outcome: "not-sent" });
    }
    const body = encode(call.input, maxMessageBytes);
    const headers = headersOf(call);
    let abort: ((reason: Error) => void) | undefined;
    let settled = false;
    let status = 0;
    let size = 0;
    const chunks: Buffer[] = [];

    const settle = (action: () => void) => {
      if (settled) return;
      settled = true;
      stopListening();
      action();
    };
    const giveUp = (error: PangaeaError) => {
      settle(() => reject(error));
      abort?.(error);
    };
    const stopListening = cancellation.onCancel(giveUp);

    pool.dispatch(
      { path: pathOf(call), method: "POST", headers, body },
      {
        // Called when a connection is there and the next thing to happen is the writing of the request: before it
        // nothing was sent, after it nobody knows.
        onRequestStart(controller) {
          // Throwing, unlike aborting, leaves the connection to the next call.
          if (settled) throw new Error("The call was given up before it was sent.");
          abort = (reason) => controller.abort(reason);
        },
        onResponseStart(_controller, received) {
          status = received;
        },
        onResponseData(_controller, chunk) {
          size += chunk.length;
          if (size <= maxMessageBytes) chunks.push(chunk);
          else giveUp(tooLarge(status, maxMessageBytes));
        },
        onResponseEnd() {
          settle(() => {
            try {
              resolve(decode(status, Buffer.concat(chunks)));
            } catch (error) {
              reject(error);
            }
          });
        },
        onResponseError(_controller, cause) {
          const error =
            abort === undefined
              ? errorOf("unavailable", `Nobody answers at ${address}.`, { outcome: "not-sent", cause })
              : errorOf("unavailable", `The connection to ${address} was lost during the call.`, {
                  outcome: "unknown",
                  cause,
                });
          settle(() => reject(error));
        },
      },
    );
  });
}

/** A client of the server at `address`. Throws only where that is no address; the server need not be there. */
export function connectHttp(
  address: string,
  maxMessageBytes: number,
  connections: number,
  options: TransportOptions,
): Connection {
  const origin = formatAddress(parseAddress(address));
  const subscriptions = new Set<() => void>();
  // A call's own deadline ends it; undici's timeouts would only add a second, different error.
  const pool = new Pool(origin, {
    connections,
    pipelining: 1,
    connectTimeout: connectTimeoutMs,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: keepAliveTimeoutMs,
    keepAliveMaxTimeout: keepAliveTimeoutMs,
  });
  const call: Handler = (call) => post(pool, origin, call, maxMessageBytes);

  return {
    call,
    async subscribe(topic, onEvent) {
      const subscription = subscribeHttp(origin, topic, onEvent, maxMessageBytes, options);
      subscriptions.add(subscription.stop);
      await subscription.attempted;
      return () => {
        subscriptions.delete(subscription.stop);
        subscription.stop();
      };
    },
    async close() {
      for (const stop of subscriptions) stop();
      subscriptions.clear();
      await pool.destroy();
    },
  };
}
