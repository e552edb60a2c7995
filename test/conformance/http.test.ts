import { describe, it } from "vitest";
import { transportCases, type TransportSubject } from "../../src/testing/transport-conformance.js";
import type { HttpTransport } from "../../transports/http/transport.js";
import { httpSubject, httpTransport } from "./http-subject.js";

/** Serves as `server` does and calls as `client` does. */
const joined = (server: HttpTransport, client: HttpTransport): HttpTransport => ({
  ...client,
  serve: server.serve,
  close: async () => void (await Promise.all([server.close(), client.close()])),
  gauges: () => ({
    pendingCalls: client.gauges().pendingCalls + server.gauges().pendingCalls,
    inFlight: client.gauges().inFlight + server.gauges().inFlight,
  }),
});

const subjects: readonly (readonly [string, TransportSubject])[] = [
  ["over upgraded connections", httpSubject(() => httpTransport("on"))],
  ["in batches, the Upgrade refused", httpSubject(() => joined(httpTransport("off"), httpTransport("on")))],
  ["in batches, the Upgrade not asked for", httpSubject(() => httpTransport("off"))],
];

describe.each(subjects)("the HTTP transport %s", (_form, subject) => {
  const { features } = subject.createTransport();
  for (const { title, skip, run } of transportCases) {
    const reason = skip?.(features);
    if (reason === undefined) it(title, () => run(subject));
    else it.skip(`${title} (${reason})`);
  }
});
