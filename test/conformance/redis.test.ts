import { describe, it } from "vitest";
import { silentLogger, systemClock, systemIds, type Transport } from "../../src/core/index.js";
import { transportCases, type TransportSubject } from "../../src/testing/transport-conformance.js";
import { createTransport, type RedisTransport } from "../../transports/redis/transport.js";

const settings = { url: process.env.REDIS_URL!, namespace: `conformance-${systemIds.hex(4)}` };

let served = 0;
const subject: TransportSubject = {
  clock: systemClock,
  createTransport: () => createTransport({ clock: systemClock, ids: systemIds, logger: silentLogger, settings }),
  address: () => `process:${++served}`,
  pendingOf(transport: Transport) {
    const { pendingCalls, inFlight, waitingLength } = (transport as RedisTransport).gauges();
    return pendingCalls + inFlight + waitingLength;
  },
};

describe("the redis transport", () => {
  const { features } = subject.createTransport();
  for (const { title, skip, run } of transportCases) {
    const reason = skip?.(features);
    if (reason === undefined) it(title, () => run(subject));
    else it.skip(`${title} (${reason})`);
  }
});
