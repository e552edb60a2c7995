import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import {
  callFrom,
  errorOf,
  type Handler,
  isError,
  type Listener,
  type TransportOptions,
} from "../../src/core/index.js";
import { formatAddress, parseAddress } from "./address.js";
import { answerBrokenRequests } from "./broken-request.js";
import { fieldsFrom, maxHeaderBytes } from "./call-headers.js";
import { encodeError, targetOf } from "./connect-protocol.js";
import { stopServer, watchTraffic } from "./drain.js";
import { createEventStreams, eventTopicOf } from "./event-streams.js";
import { inputOf, readBody, type Refusal, refusal, refusalOf } from "./request.js";

/**
 * Far above the client's 30 s, so that the client is the one to close an idle connection: the other way round it could
 * send a call into a connection that has just been closed.
 */
const keepAliveTimeoutMs = 120_000;
/** How long a request may take to arrive. */
const requestTimeoutMs = 30_000;
/** A served address. `cut` gives it up at once: what is in flight ends without an answer. */
export interface HttpServer {
  readonly listener: Listener;
  cut(): Promise<void>;
}

/** Serves calls and events over HTTP at `address`. Rejects, naming the address, where it cannot be taken. */
export async function serveHttp(
  address: string,
  handler: Handler,
  maxMessageBytes: number,
  { clock, logger }: TransportOptions,
): Promise<HttpServer> {
  const { host, port } = parseAddress(address);
  const streams = createEventStreams({ clock, logger, maxMessageBytes });
  let draining = false;
  let running = 0;
  let onIdle = () => {};

  const answer = (response: ServerResponse, status: number, body: Buffer, headers?: Refusal["headers"]) => {
    if (response.destroyed) return;
    response.writeHead(status, {
      "content-type": "application/json",
      "content-length": body.length,
      ...headers,
      // The client's next call goes where somebody stays.
      ...(draining ? { connection: "close" } : undefined),
    });
    response.end(body);
  };

  const answerError = (response: ServerResponse, thrown: unknown, more: Omit<Refusal, "error"> = {}) => {
    if (!isError(thrown))
      logger.error("A call failed with something that is no error of Pangaea's.", { error: thrown });
    let { status, body } = encodeError(thrown);
    if (body.length > maxMessageBytes) {
      const outcome = isError(thrown) ? thrown.outcome : "failed";
      const tooLarge = errorOf("resource_exhausted", "The error is too large to send.", { outcome, retryable: false });
      ({ status, body } = encodeError(tooLarge));
    }
    answer(response, more.status ?? status, body, more.headers);
  };

  const run = async (message: unknown, response: ServerResponse): Promise<Buffer> => {
    const call = callFrom(message, clock);
    const onClose = () => {
      call.context.cancellation.cancel(errorOf("canceled", "The caller went away.", { outcome: "unknown" }));
    };
    response.on("close", onClose);
    running++;
    try {
      const { output } = await handler(call);
      const body = Buffer.from(output === undefined ? "" : JSON.stringify(output));
      if (body.length <= maxMessageBytes) return body;
      const message = `The reply has ${body.length} bytes; at most ${maxMessageBytes} can be sent.`;
      throw errorOf("resource_exhausted", message, { outcome: "failed", retryable: false });
    } finally {
      response.off("close", onClose);
      if (--running === 0) onIdle();
    }
  };

  const refuseWhileDraining = () => {
    if (draining) throw errorOf("unavailable", "The server is shutting down.", { outcome: "not-executed" });
  };

  const onRequest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method, headers, url = "" } = request;
    refuseWhileDraining();
    const topic = eventTopicOf(url);
    if (topic !== undefined && method === "GET") return streams.add(topic, response);
    const target = targetOf(url);
    const refused =
      target === undefined
        ? refusal("unimplemented", "Nothing is served at this path.", { status: 404 })
        : refusalOf(request);
    if (refused !== undefined) return answerError(response, refused.error, refused);
    const fields = fieldsFrom(headers);
    const body = await readBody(request, maxMessageBytes);
    if (body === undefined) {
      const message = `The request is larger than the ${maxMessageBytes} bytes that can be received.`;
      return answerError(response, refusal("resource_exhausted", message).error, { status: 413 });
    }
    refuseWhileDraining();
    answer(response, 200, await run({ ...fields, ...target, input: inputOf(body) }, response));
  };

  const server = createServer(
    {
      keepAliveTimeout: keepAliveTimeoutMs,
      requestTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs,
      connectionsCheckingInterval: 5_000,
      maxHeaderSize: maxHeaderBytes,
    },
    (request, response) => {
      onRequest(request, response)
        .catch((error: unknown) => {
          if (!response.destroyed) answerError(response, error);
        })
        .catch((error: unknown) => {
          logger.error("A request could not be answered.", { error });
          response.destroy();
        });
    },
  );
  answerBrokenRequests(server);
  const stopWhenQuiet = watchTraffic(server, clock);
  await listen(server, host, port);
  server.on("error", (error) => logger.error("The HTTP server has a problem.", { address, error }));
  const bound = server.address();

  const drain = async (): Promise<void> => {
    draining = true;
    streams.close();
    if (running > 0) await new Promise<void>((resolve) => (onIdle = resolve));
    await stopWhenQuiet();
  };
  let drained: Promise<void> | undefined;

  return {
    listener: {
      address: formatAddress({ host, port: typeof bound === "object" && bound !== null ? bound.port : port }),
      publish: streams.publish,
      close: () => (drained ??= drain()),
    },
    async cut() {
      draining = true;
      streams.close();
      await stopServer(server);
    },
  };
}

const listen = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      const mend =
        error.code === "EADDRINUSE"
          ? "the port is in use; stop what uses it, or configure another port (0 takes any free one)"
          : `${error.code ?? error.message}; configure a host and port that this machine can listen on`;
      reject(new Error(`Cannot listen on ${formatAddress({ host, port })}: ${mend}`, { cause: error }));
    };
    server.once("error", onError);
    server.listen({ host, port }, () => {
      server.off("error", onError);
      resolve();
    });
  });
