import type { TransportOptions } from "../../src/core/index.js";
import { connectTimeoutMs } from "./address.js";
import { eventPathOf, heartbeatMs } from "./event-streams.js";

const firstDelayMs = 50;
const maxDelayMs = 2_000;

/** A standing wish for the events of one topic. */
export interface EventSubscription {
  /** Resolves when the first attempt to connect has succeeded or failed; never rejects. */
  readonly attempted: Promise<void>;
  /** No event is handed over afterwards. */
  stop(): void;
}

/** Cuts a byte stream into lines. */
function createLineReader(maxBytes: number, onLine: (line: string) => void): (chunk: Buffer) => void {
  let rest: Buffer[] = [];
  let restBytes = 0;
  return (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const line = Buffer.concat([...rest, chunk.subarray(start, end)]);
      rest = [];
      restBytes = 0;
      start = end + 1;
      if (line.length > 0) onLine(line.toString());
    }
    const tail = chunk.subarray(start);
    restBytes += tail.length;
    if (restBytes > maxBytes) throw new Error("An event is too large.");
    if (tail.length > 0) rest.push(tail);
  };
}

/**
 * Reads a server's event stream and, when it ends or cannot be had, connects again after a growing, random delay until
 * stopped. One request stands at a time, so that no event comes twice. What is published in between is missed.
 */
export function subscribeHttp(
  origin: string,
  topic: string,
  onEvent: (payload: unknown) => void,
  maxMessageBytes: number,
  { clock, ids, logger }: TransportOptions,
): EventSubscription {
  // Its own connection, so that long streams do not take those of calls. Three missed heartbeats end it.
  const opened = import("undici").then(
    ({ Client }) =>
      new Client(origin, {
        connectTimeout: connectTimeoutMs,
        headersTimeout: heartbeatMs,
        bodyTimeout: 3 * heartbeatMs,
      }),
  );
  let stopped = false;
  let failures = 0;
  let cancelDelay = () => {};
  let onAttempted!: () => void;
  const attempted = new Promise<void>((resolve) => (onAttempted = resolve));

  const onLine = (line: string) => {
    if (stopped) return;
    try {
      onEvent(JSON.parse(line));
    } catch (error) {
      logger.error("A best-effort event could not be read, or its subscriber threw.", { topic, error });
    }
  };

  const again = () => {
    onAttempted();
    if (stopped) return;
    const random = Number.parseInt(ids.hex(2), 16) / 0xffff;
    const delayMs = Math.min(maxDelayMs, firstDelayMs * 2 ** failures++) * (0.5 + random / 2);
    cancelDelay = clock.after(delayMs, () => void read());
  };

  const read = async () => {
    const client = await opened;
    if (stopped) return;
    const onData = createLineReader(maxMessageBytes, onLine);
    client.dispatch(
      { path: eventPathOf(topic), method: "GET" },
      {
        onRequestStart() {},
        onResponseStart(_controller, status) {
          if (status !== 200) throw new Error(`The events were refused with HTTP ${status}.`);
          failures = 0;
          onAttempted();
        },
        onResponseData: (_controller, chunk) => onData(chunk),
        onResponseEnd: again,
        onResponseError(_controller, error) {
          if (!stopped) logger.debug("Events are not being received; trying again.", { origin, topic, error });
          again();
        },
      },
    );
  };

  void read();
  return {
    attempted,
    stop() {
      stopped = true;
      cancelDelay();
      onAttempted();
      opened.then((client) => client.destroy()).catch(() => {});
    },
  };
}
