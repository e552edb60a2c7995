import type { LookingLayer } from "../core/call.js";
import { isError } from "../core/error.js";
import type { Ids } from "../core/ids.js";
import { Span, spanHeaders, type Tracer } from "../core/span.js";

/** What becomes of a recorded call. */
const ending = (tracer: Tracer): Pick<LookingLayer, "leave" | "fail"> => ({
  leave(output, { context }) {
    if (context.span !== undefined) tracer.end(context.span, "ok");
    return output;
  },
  fail(error, { context }) {
    if (context.span !== undefined) tracer.end(context.span, isError(error) ? error.code : "internal");
    return error;
  },
});

/**
 * Client side: gives each call a span of its own in the caller's trace, with an id that is made when somebody first looks
 * at it. With a `tracer` it is recorded where the caller's is; what leaves the process, also where it begins a trace.
 */
export const tracing = (ids: Ids, remote: boolean, tracer?: Tracer): LookingLayer => {
  const derive = spanHeaders(ids);
  const kind = remote ? "client" : "local";
  return {
    role: "tracing",
    why: "Outermost, so that everything a call causes, retries included, belongs to its span.",
    enter(call) {
      const { context, service, method } = call;
      const { span: parent, madeAt: startedAt } = context;
      if (parent !== undefined) {
        context.span = new Span({ traceId: parent.traceId, parent, kind, service, method, startedAt });
      } else if (remote && tracer !== undefined) {
        tracer.begin(context, { kind, service, method });
        return call;
      }
      context.deriveHeaders(derive);
      return call;
    },
    ...(tracer === undefined ? undefined : ending(tracer)),
  };
};

/** Server side, where a call or an event enters the process: records how it is handled, within what its caller recorded. */
export const serverTracing = (tracer: Tracer): LookingLayer => ({
  role: "tracing",
  why: "Outermost, so that what the service calls, and every line of the log, belongs to a span of this process.",
  enter(call) {
    const { context, service, method } = call;
    const kind = call.kind === "event" ? "event" : "server";
    tracer.begin(context, { kind, service, method, detail: context.event?.id });
    return call;
  },
  ...ending(tracer),
});
