import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from "express";
import type { Context } from "../core/context.js";
import { errorOf, fail, isError, type PangaeaError } from "../core/error.js";
import type { CreateGateway, GatewayOptions } from "../core/gateway.js";
import { frameworkErrors } from "../core/work.js";
import { admitted } from "./admission.js";
import { countUnknown, observe } from "./observe.js";
import { openServer } from "./open-server.js";
import { problemOf, retryAfterOf, statusLookup } from "./problem.js";
import { type EdgeRoute, edgeRoutes, fromText } from "./routes.js";

const maxBodyBytes = 100 * 1024;
const requestIdPattern = /^[A-Za-z0-9._-]{1,64}$/;
const idempotencyKeyPattern = /^[\x21-\x7e]{1,200}$/;

/** The entry from outside as an express application: routes from contracts, every error as RFC 9457. */
export function createApp(options: GatewayOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.set("etag", false);
  app.set("query parser", "simple");
  const statusOf = statusLookup(options.contracts);

  app.use(identify(options));
  app.get("/healthz", (_request, response) => void response.json({ status: "ok" }));
  app.get("/readyz", readyz(options));
  const parseJson = express.json({ limit: maxBodyBytes, strict: true });
  for (const route of edgeRoutes(options.contracts, options.client))
    app[route.verb](route.path, observe(route, options), parseJson, handle(route, options));

  app.use(countUnknown(options), (request, _response, next) => {
    next(errorOf("not_found", `There is no ${request.method} ${request.path}.`));
  });
  const onError: ErrorRequestHandler = (thrown, _request, response, _next) => {
    const error = edgeError(thrown);
    if (!isError(thrown) && error.code === "internal")
      options.logger.error("A request failed at the edge.", {
        error: thrown,
        requestId: response.locals.requestId as string | undefined,
      });
    const problem = problemOf(error, statusOf, response.locals.requestId as string | undefined);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    response.status(problem.status);
    if (problem.status === 503 || problem.status === 429) response.set("Retry-After", retryAfterOf(problem.details));
    response.type("application/problem+json").send(JSON.stringify(problem));
  };
  app.use(onError);
  return app;
}

/** Gives each request an id, its own or a new one, that goes on into every call and log line. */
const identify =
  ({ ids }: GatewayOptions): RequestHandler =>
  (request, response, next) => {
    const given = request.get("x-request-id");
    const id = given !== undefined && requestIdPattern.test(given) ? given : ids.uuid();
    response.locals.requestId = id;
    response.set("x-request-id", id);
    next();
  };

const readyz =
  ({ readiness }: GatewayOptions): RequestHandler =>
  async (_request, response) => {
    const { waitingFor } = await readiness();
    const ready = waitingFor.length === 0;
    response.status(ready ? 200 : 503).json({ status: ready ? "ready" : "waiting", waitingFor });
  };

const handle =
  (route: EdgeRoute, options: GatewayOptions): RequestHandler =>
  async (request, response) => {
    const input = inputOf(request, route);
    const idempotencyKey = keyOf(request, route);
    const context = response.locals.context as Context;
    options.failpoints?.hit("gateway.before-call");
    const invoke = () => route.invoke(input, context, { idempotencyKey });
    const output = await (options.within === undefined ? invoke() : options.within(context, invoke));
    options.failpoints?.hit("gateway.before-reply");
    send(response, route, output);
  };

/** Path and query as the contract's types, and the body's fields; what is named in the path cannot be said otherwise. */
function inputOf(request: Request, route: EdgeRoute): Record<string, unknown> {
  // Without a prototype, a body's "__proto__" is an unknown field like any other.
  const input = Object.create(null) as Record<string, unknown>;
  for (const [name, text] of Object.entries(request.query)) {
    input[name] = fromText(text as string | string[], route.fields.get(name));
  }
  if (route.verb !== "get") {
    const body: unknown = request.body;
    const empty = body === undefined && !hasBody(request);
    if (!empty) {
      if (body === undefined) throw fail(frameworkErrors.UNSUPPORTED_MEDIA_TYPE);
      if (typeof body !== "object" || body === null || Array.isArray(body)) {
        throw errorOf("invalid_argument", "The body must be a JSON object.");
      }
      Object.assign(input, body);
    }
  }
  for (const [name, text] of Object.entries(request.params)) input[name] = fromText(text, route.fields.get(name));
  return input;
}

const hasBody = (request: Request): boolean =>
  request.get("transfer-encoding") !== undefined || Number(request.get("content-length") ?? 0) > 0;

function keyOf(request: Request, route: EdgeRoute): string | undefined {
  if (route.http.idempotencyKey === undefined) return undefined;
  const key = request.get("idempotency-key");
  if (key === undefined) {
    if (route.http.idempotencyKey === "required") throw fail(frameworkErrors.IDEMPOTENCY_KEY_REQUIRED);
    return undefined;
  }
  if (idempotencyKeyPattern.test(key)) return key;
  throw errorOf("invalid_argument", "Idempotency-Key must be 1 to 200 visible ASCII characters.");
}

function send(response: Response, route: EdgeRoute, output: unknown): void {
  const { status = 200, accepted } = route.http;
  const fields = output as Record<string, unknown>;
  if (accepted !== undefined && fields[accepted.field] === accepted.equals) {
    const location = accepted.location.replace(/\{(\w+)\}/g, (_all, name: string) =>
      encodeURIComponent(String(fields[name])),
    );
    response.status(202).location(location);
  } else response.status(status);
  response.json(output);
}

/** Errors of express's own parsing are the client's; what else is thrown and not ours is internal. */
function edgeError(thrown: unknown): PangaeaError {
  if (isError(thrown)) return thrown;
  const { status, type } = (thrown ?? {}) as { status?: number; type?: string };
  if (type === "entity.too.large") {
    return fail(frameworkErrors.BODY_TOO_LARGE, undefined, `The body is larger than ${maxBodyBytes} bytes.`);
  }
  if (status === 415) return fail(frameworkErrors.UNSUPPORTED_MEDIA_TYPE);
  if (type === "entity.parse.failed") return errorOf("invalid_argument", "The body is not valid JSON.");
  if (status !== undefined && status >= 400 && status < 500) {
    return errorOf("invalid_argument", "The request could not be read.");
  }
  return errorOf("internal", "The request could not be handled.");
}

/** Opens the gateway. Rejects, naming host and port, where the address cannot be had. */
export const createGateway: CreateGateway = async (options) => {
  const server = await openServer(admitted(createApp(options), options.admission), options);
  return { address: server.address, close: (graceMs = 0) => server.close(graceMs) };
};
