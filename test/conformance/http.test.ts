import { createServer } from "node:net";
import { describe, it } from "vitest";
import { silentLogger, systemClock, systemIds } from "../../src/core/index.js";
import { transportCases, type TransportSubject } from "../../src/testing/transport-conformance.js";
import { createTransport } from "../../transports/http/transport.js";

/** An address whose port was free a moment ago. */
const unservedAddress = (): Promise<string> =>
  new Promise((resolve) => {
    const server = createServer().listen({ host: "127.0.0.1", port: 0 }, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(`http://127.0.0.1:${port}`));
    });
  });

const subject: TransportSubject = {
  clock: systemClock,
  createTransport: () => createTransport({ clock: systemClock, ids: systemIds, logger: silentLogger, settings: {} }),
  address: () => "http://127.0.0.1:0",
  unservedAddress,
};

describe("the HTTP transport", () => {
  const { features } = subject.createTransport();
  for (const { title, skip, run } of transportCases) {
    const reason = skip?.(features);
    if (reason === undefined) it(title, () => run(subject));
    else it.skip(`${title} (${reason})`);
  }
});
