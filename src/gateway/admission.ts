import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { Cancellation } from "../core/cancellation.js";
import { isError } from "../core/error.js";
import type { Admission } from "../core/gateway.js";
import { retryAfterOf } from "./problem.js";

/** What those ask who watch over a process; they are always heard. */
const health = new Set(["/healthz", "/readyz"]);

/**
 * Lets requests in as the process can take them. It stands before express: refusing must cost next to nothing, or a
 * process would be busy with refusals alone. What a request wants is known by its verb: reads are the first to be refused.
 */
export function admitted(app: RequestListener, admission: Admission | undefined): RequestListener {
  if (admission === undefined) return app;
  return (request, response) => {
    if (health.has(request.url ?? "")) return app(request, response);
    const cancellation = new Cancellation();
    const turn = admission.enter(request.method === "GET" ? "read" : "mutation", cancellation);
    const begin = () => {
      response.once("close", () => admission.leave());
      app(request, response);
    };
    if (turn === undefined) return begin();
    const goneAway = () => cancellation.cancel();
    response.once("close", goneAway);
    turn.then(
      () => {
        response.off("close", goneAway);
        if (response.destroyed) admission.leave();
        else begin();
      },
      (error: unknown) => refuse(request, response, error),
    );
  };
}

/** A refusal as a problem (RFC 9457), without what express would add. */
function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (!isError(error) || response.destroyed) return;
  const problem = { type: "about:blank", title: "Overloaded", status: 503, detail: error.message, code: error.code };
  const requestId = requestIdOf(request.headers["x-request-id"]);
  response.writeHead(503, {
    "Content-Type": "application/problem+json",
    "Retry-After": retryAfterOf(error.details),
    ...(requestId === undefined ? {} : { "x-request-id": requestId }),
  });
  response.end(JSON.stringify(problem));
  // The body is not read; what of it is under way must not stand in the way of the next request.
  request.resume();
}

const requestIdOf = (given: string | string[] | undefined): string | undefined =>
  typeof given === "string" && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : undefined;
