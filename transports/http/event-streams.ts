import type { ServerResponse } from "node:http";
import { type Clock, errorOf, type Logger } from "../../src/core/index.js";

/** The path at which events of `topic` are read, as one JSON value a line. */
export const eventPathOf = (topic: string): string => `/events/${encodeURIComponent(topic)}`;

/** The topic that a path names, or undefined where it names none. */
export function eventTopicOf(path: string): string | undefined {
  const encoded = /^\/events\/([^/?]+)$/.exec(path)?.[1];
  try {
    return encoded === undefined ? undefined : decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

/** An empty line goes out so often, so that a reader can tell silence from a lost connection. */
export const heartbeatMs = 10_000;

/** What a reader may lag behind before it is dropped; it will connect again and has missed something. */
const maxLagBytes = 1024 * 1024;
const maxReaders = 1_024;

/** The server's side of best-effort events: who reads which topic at this moment. */
export interface EventStreams {
  /** Answers a request with the events of `topic` from now on. Throws `resource_exhausted` where too many read already. */
  add(topic: string, response: ServerResponse): void;
  /** Never throws, never waits. */
  publish(topic: string, payload: unknown): void;
  /** Ends every stream. */
  close(): void;
}

/** Event streams without readers. */
export function createEventStreams(options: {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly maxMessageBytes: number;
}): EventStreams {
  const { clock, logger, maxMessageBytes } = options;
  const topics = new Map<string, Set<ServerResponse>>();
  let readers = 0;
  let stopHeartbeat: (() => void) | undefined;

  const write = (response: ServerResponse, line: string | Buffer) => {
    if (response.writableLength <= maxLagBytes) {
      response.write(line);
    } else {
      logger.warn("A reader of events is too slow and was disconnected.", { maxLagBytes });
      response.destroy();
    }
  };

  const beat = () => {
    for (const responses of topics.values()) for (const response of responses) write(response, "\n");
    stopHeartbeat = clock.after(heartbeatMs, beat);
  };

  return {
    add(topic, response) {
      if (readers >= maxReaders) {
        throw errorOf("resource_exhausted", `At most ${maxReaders} readers of events are served.`, {
          outcome: "not-executed",
        });
      }
      const responses = topics.get(topic) ?? new Set();
      topics.set(topic, responses.add(response));
      readers++;
      stopHeartbeat ??= clock.after(heartbeatMs, beat);
      response.on("close", () => {
        responses.delete(response);
        if (responses.size === 0 && topics.get(topic) === responses) topics.delete(topic);
        if (--readers > 0) return;
        stopHeartbeat?.();
        stopHeartbeat = undefined;
      });
      response.writeHead(200, {
        "content-type": "application/x-ndjson",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
        connection: "close",
      });
      response.flushHeaders();
    },
    publish(topic, payload) {
      const responses = topics.get(topic);
      if (responses === undefined) return;
      try {
        const line = Buffer.from(`${JSON.stringify(payload)}\n`);
        if (line.length > maxMessageBytes) throw new Error(`it has ${line.length} bytes`);
        for (const response of responses) write(response, line);
      } catch (error) {
        logger.error("An event could not be written and was dropped.", { topic, error });
      }
    },
    close() {
      for (const responses of topics.values()) for (const response of responses) response.end();
    },
  };
}
