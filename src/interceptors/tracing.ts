import type { Layer } from "../core/call.js";
import type { Headers } from "../core/context.js";
import type { Ids } from "../core/ids.js";

const traceparentPattern = /^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/;

/** The next hop's `traceparent` (W3C Trace Context): the same trace, a new span; a new trace where there was none. */
function nextTraceparent(current: string | undefined, ids: Ids): string {
  const match = current === undefined ? null : traceparentPattern.exec(current);
  return `00-${match?.[1] ?? ids.hex(16)}-${ids.hex(8)}-${match?.[2] ?? "01"}`;
}

/** Client side: gives each call a span of its own in the caller's trace, made when somebody first looks at it. */
export const tracing = (ids: Ids): Layer => {
  const derive = (headers: Headers): Headers => ({
    ...headers,
    traceparent: nextTraceparent(headers.traceparent, ids),
  });
  return {
    role: "tracing",
    why: "Outermost, so that everything a call causes, retries included, belongs to its span.",
    enter(call) {
      call.context.deriveHeaders(derive);
      return call;
    },
  };
};
