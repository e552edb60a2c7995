import type { LookingLayer } from "../core/call.js";
import { isError } from "../core/error.js";
import type { Meter } from "../core/meter.js";

const layer = (meter: Meter, why: string): LookingLayer => ({
  role: "metrics",
  why,
  enter(call) {
    meter.begin();
    return call;
  },
  leave(output, call) {
    meter.end("ok", call.context);
    return output;
  },
  fail(error, call) {
    meter.end(isError(error) ? error.code : "internal", call.context);
    return error;
  },
});

/** Client side, for calls that leave the process. */
export const clientMetrics = (meter: Meter): LookingLayer =>
  layer(meter, "Above everything that refuses, waits or tries again: what is counted is what the caller gets.");

/** Server side, for calls from outside and from neighbours, and for events. */
export const serverMetrics = (meter: Meter): LookingLayer =>
  layer(
    meter,
    "Around everything but the span, so that the count and the time are those of the answer, whoever gave it.",
  );
