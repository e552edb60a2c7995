import type { Request, RequestHandler, Response } from "express";
import { Cancellation } from "../core/cancellation.js";
import { type Context, rootContext } from "../core/context.js";
import { errorOf } from "../core/error.js";
import type { GatewayOptions } from "../core/gateway.js";
import type { Meter } from "../core/meter.js";
import { traceOf } from "../core/span.js";
import type { EdgeRoute } from "./routes.js";

/** What is said of a request whose client went away before it was answered. */
const clientGone = 499;

/** Takes a request in; gives back its context. */
export type Observe = (request: Request, response: Response) => Context;

/** Gives a request its context, which is cancelled when its client goes away, and counts and records it to its end. */
export function observe(route: EdgeRoute, options: GatewayOptions): Observe {
  const { meters, tracer } = options;
  const method = route.verb.toUpperCase();
  const meter = meters?.of("edge", route.path, method);
  const name = `${method} ${route.path}`;
  return (request, response) => {
    const context = contextOf(request, response, route, options);
    tracer?.begin(context, { kind: "edge", service: "gateway", method: name, detail: context.headers["x-request-id"] });
    meter?.begin();
    response.once("close", () => onClose(response, context, meter, tracer));
    return context;
  };
}

function onClose(
  response: Response,
  context: Context,
  meter: Meter | undefined,
  tracer: GatewayOptions["tracer"],
): void {
  const answered = response.writableFinished;
  if (!answered) context.cancellation.cancel(errorOf("canceled", "The client went away.", { outcome: "unknown" }));
  const status = answered ? response.statusCode : clientGone;
  meter?.end(String(status), context);
  if (context.span !== undefined) tracer?.end(context.span, status < 400 ? "ok" : String(status));
}

/** Counts a request that no route is for. */
export const countUnknown =
  ({ meters, clock }: GatewayOptions): RequestHandler =>
  (request, response, next) => {
    // The path is the client's invention: as a label it would be a new series each time.
    const meter = meters?.of("edge", "none", request.method);
    const begun = { clock, madeAt: clock.now() };
    meter?.begin();
    response.once("close", () => meter?.end(String(response.statusCode), begun));
    next();
  };

/** The context of a request: its deadline is the contract's. */
function contextOf(request: Request, response: Response, { procedure }: EdgeRoute, { clock }: GatewayOptions): Context {
  const headers: Record<string, string> = { "x-request-id": response.locals.requestId as string };
  const { traceparent } = request.headers;
  if (typeof traceparent === "string" && traceOf(traceparent) !== undefined) headers.traceparent = traceparent;
  return rootContext(clock, procedure.deadlineMs, { headers, cancellation: new Cancellation() });
}
