import type { Server } from "node:http";
import type { Clock } from "../../src/core/index.js";

/** While a server drains, calls on their way get an answer instead of a closed connection, until none came for so long. */
const quietMs = 100;
/** How often that is tried while clients keep coming. */
const maxRounds = 20;
/** How long requests that arrive slowly and slow readers may hold up the end. */
const patienceMs = 2_000;

/**
 * Watches a server's traffic from now on; the returned function closes the server, without a connection being cut while
 * a call may be on its way on it. Call it once every handler has settled and new requests are being refused.
 */
export function watchTraffic(server: Server, clock: Clock): () => Promise<void> {
  let arrivals = 0;
  let unanswered = 0;
  let onAnswered = () => {};
  server.on("connection", () => arrivals++);
  server.on("request", (_request, response) => {
    arrivals++;
    unanswered++;
    response.on("close", () => {
      if (--unanswered === 0) onAnswered();
    });
  });

  const wait = (delayMs: number) => new Promise<void>((resolve) => void clock.after(delayMs, resolve, true));

  return async () => {
    // The listening socket stays open meanwhile: closing it resets connections that wait to be accepted, and their
    // callers could not know that nothing was executed.
    let quiet = (await openConnections(server)) === 0;
    for (let round = 0; !quiet && round < maxRounds; round++) {
      const before = arrivals;
      await wait(quietMs);
      // A process that was held up meanwhile has not seen what came: the loop gets some turns to look.
      for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
      quiet = arrivals === before;
    }
    if (unanswered > 0) {
      await new Promise<void>((resolve) => {
        const stopWaiting = clock.after(patienceMs, resolve, true);
        onAnswered = () => {
          stopWaiting();
          resolve();
        };
      });
    }
    await stopServer(server);
  };
}

const openConnections = (server: Server): Promise<number> =>
  new Promise((resolve) => void server.getConnections((error, count) => resolve(error === null ? count : 0)));

/** Closes a server and cuts its connections, idle or not. */
export const stopServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
