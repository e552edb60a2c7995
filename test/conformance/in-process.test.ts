import { describe, it } from "vitest";
import { silentLogger, systemClock, systemIds } from "../../src/core/index.js";
import { transportCases, type TransportSubject } from "../../src/testing/transport-conformance.js";
import { createTransport } from "../../transports/in-process/transport.js";

let served = 0;
const subject: TransportSubject = {
  clock: systemClock,
  createTransport: () => createTransport({ clock: systemClock, ids: systemIds, logger: silentLogger, settings: {} }),
  address: () => `process-${++served}`,
};

describe("the in-process transport", () => {
  const { features } = subject.createTransport();
  for (const { title, skip, run } of transportCases) {
    const reason = skip?.(features);
    if (reason !== undefined) it.skip(`${title} (${reason})`);
    else it(title, () => run(subject));
  }
});
