import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import {
  callFrom,
  errorOf,
  type Handler,
  isError,
  type Listener,
  type TransportOptions,
} from "../../src/core/index.js";
import { Activity } from "./activity.js";
import { formatAddress, parseAddress } from "./address.js";
import { createBatchAnswers } from "./batch-answers.js";
import { answerBrokenRequests } from "./broken-request.js";
import { fieldsFrom, maxHeaderBytes } from "./call-headers.js";
import { encodeError, targetOf } from "./connect-protocol.js";
import { stopServer, watchTraffic } from "./drain.js";
import { createEventStreams, eventTopicOf } from "./event-streams.js";
import { callsPath, frameAllowance } from "./form.js";
import { inputOf, readBody, type Refusal, refusal, refusalOf } from "./request.js";
import { acceptUpgrades, asksForFrames } from "./upgrades.js";

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
  /** Handlers that have not settled. */
  readonly running: number;
  cut(): Promise<void>;
}

export interface HttpServerOptions extends TransportOptions {
  readonly maxMessageBytes: number;
  /** Whether callers may go over to frames. */
  readonly upgrade: boolean;
}

/** Serves calls and events over HTTP at `address`. Rejects, naming the address, where it cannot be taken. */
export async function serveHttp(address: string, handler: Handler, options: HttpServerOptions): Promise<HttpServer> {
  const { clock, logger, maxMessageBytes } = options;
  const { host, port } = parseAddress(address);
  const streams = createEventStreams({ clock, logger, maxMessageBytes });
  const activity = new Activity();
  const parts = { handler, clock, logger, activity, maxMessageBytes };
  const batches = createBatchAnswers(parts);

  const answer = (response: ServerResponse, status: number, body: Buffer, headers?: Refusal["headers"]) => {
    if (response.destroyed) return;
    response.writeHead(status, {
      "content-type": "application/json",
      "content-length": body.length,
      ...headers,
      // The client's next call goes where somebody stays.
      ...(activity.draining ? { connection: "close" } : undefined),
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
    activity.begin();
    try {
      const { output } = await handler(call);
      const body = Buffer.from(output === undefined ? "" : JSON.stringify(output));
      if (body.length <= maxMessageBytes) return body;
      const message = `The reply has ${body.length} bytes; at most ${maxMessageBytes} can be sent.`;
      throw errorOf("resource_exhausted", message, { outcome: "failed", retryable: false });
    } finally {
      response.off("close", onClose);
      activity.end();
    }
  };

  const refuseWhileDraining = () => {
    if (activity.draining) throw errorOf("unavailable", "The server is shutting down.", { outcome: "not-executed" });
  };

  const onRequest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method, headers, url = "" } = request;
    refuseWhileDraining();
    const topic = eventTopicOf(url);
    if (topic !== undefined && method === "GET") return streams.add(topic, response);
    const target = targetOf(url);
    const batch = url === callsPath;
    const refused =
      target === undefined && !batch
        ? refusal("unimplemented", "Nothing is served at this path.", { status: 404 })
        : refusalOf(request);
    if (refused !== undefined) return answerError(response, refused.error, refused);
    const fields = batch ? {} : fieldsFrom(headers);
    const body = await readBody(request, batch ? maxMessageBytes + frameAllowance : maxMessageBytes);
    if (body === undefined) {
      const message = `The request is larger than the ${maxMessageBytes} bytes that can be received.`;
      return answerError(response, refusal("resource_exhausted", message).error, { status: 413 });
    }
    refuseWhileDraining();
    if (batch) return batches.add(request, body, response);
    answer(response, 200, await run({ ...fields, ...target, input: inputOf(body) }, response));
  };

  const server = createServer(
    {
      keepAliveTimeout: keepAliveTimeoutMs,
      requestTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs,
      connectionsCheckingInterval: 5_000,
      maxHeaderSize: maxHeaderBytes,
      shouldUpgradeCallback: (request) => options.upgrade && !activity.draining && asksForFrames(request),
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
  const upgrades = options.upgrade ? acceptUpgrades(server, parts) : undefined;
  const stopWhenQuiet = watchTraffic(server, clock);
  await listen(server, host, port);
  server.on("error", (error) => logger.error("The HTTP server has a problem.", { address, error }));
  const bound = server.address();

  const drain = async (): Promise<void> => {
    const idle = activity.drain();
    upgrades?.goAway();
    streams.close();
    await idle;
    await upgrades?.closed();
    await stopWhenQuiet();
  };
  let drained: Promise<void> | undefined;

  return {
    listener: {
      address: formatAddress({ host, port: typeof bound === "object" && bound !== null ? bound.port : port }),
      publish: streams.publish,
      close: () => (drained ??= drain()),
    },
    get running() {
      return activity.running;
    },
    async cut() {
      void activity.drain();
      upgrades?.cut();
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
