import { silentLogger, systemClock, systemIds, type Transport } from "../../src/core/index.js";
import type { TransportSubject } from "../../src/testing/transport-conformance.js";
import { createTransport, type HttpTransport } from "../../transports/http/transport.js";
import { freePort } from "../setup/free-port.js";

/** An HTTP transport that speaks in frames, or only in batches. */
export const httpTransport = (upgrade: "on" | "off"): HttpTransport =>
  createTransport({ clock: systemClock, ids: systemIds, logger: silentLogger, settings: { upgrade } });

/** The HTTP transport for the suite, made as told. */
export const httpSubject = (createTransport: () => HttpTransport): TransportSubject => ({
  clock: systemClock,
  createTransport,
  address: () => "http://127.0.0.1:0",
  unservedAddress: async () => `http://127.0.0.1:${await freePort()}`,
  pendingOf(transport: Transport) {
    const { pendingCalls, inFlight } = (transport as HttpTransport).gauges();
    return pendingCalls + inFlight;
  },
});
