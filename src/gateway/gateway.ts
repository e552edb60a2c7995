import { parse as parseQuery } from "node:querystring";
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from "express";
import { errorOf, fail, isError, type PangaeaError } from "../core/error.js";
import type { CreateGateway, GatewayOptions } from "../core/gateway.js";
import { frameworkErrors } from "../core/work.js";
import { admitted } from "./admission.js";
import { type Match, RouteMatcher } from "./match.js";
import { countUnknown, observe, type Observe } from "./observe.js";
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
  app.set("query parser", false);
  const statusOf = statusLookup(options.contracts);

  app.use(identify(options));
  app.get("/healthz", (_request, response) => void response.json({ status: "ok" }));
  app.get("/readyz", readyz(options));
  app.use(serveRoutes(options));

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
    const given = request.headers["x-request-id"];
    const id = typeof given === "string" && requestIdPattern.test(given) ? given : ids.uuid();
    response.locals.requestId = id;
    response.setHeader("x-request-id", id);
    next();
  };

const readyz =
  ({ readiness }: GatewayOptions): RequestHandler =>
  async (_request, response) => {
    const { waitingFor } = await readiness();
    const ready = waitingFor.length === 0;
    response.status(ready ? 200 : 503).json({ status: ready ? "ready" : "waiting", waitingFor });
  };

/** One handler for all routes: which of them a request is for is found in a few steps, however many there are. */
function serveRoutes(options: GatewayOptions): RequestHandler {
  const routes = edgeRoutes(options.contracts, options.client);
  const observers = new Map(routes.map((route) => [route, observe(route, options)]));
  const matcher = new RouteMatcher(routes);
  const parseJson = express.json({ limit: maxBodyBytes, strict: true });
  return (request, response, next) => {
    const { method, url } = request;
    const match = matcher.find(method, url);
    if (match === undefined) {
      const verbs = method === "OPTIONS" ? matcher.verbsOf(url) : [];
      if (verbs.length === 0) next();
      else response.set("Allow", verbs.join(", ")).send(verbs.join(", "));
      return;
    }
    const observed = observers.get(match.route)!;
    // Before the body is read, so that what cannot be read is counted too.
    const context = observed(request, response);
    const answer = () => handle(match, context, request, response, options).catch(next);
    if (match.route.verb === "get") void answer();
    else parseJson(request, response, (error?: unknown) => void (error === undefined ? answer() : next(error)));
  };
}

async function handle(
  match: Match,
  context: ReturnType<Observe>,
  request: Request,
  response: Response,
  { failpoints, within }: GatewayOptions,
): Promise<void> {
  const { route } = match;
  const input = inputOf(request, match);
  const idempotencyKey = keyOf(request, route);
  failpoints?.hit("gateway.before-call");
  const invoke = () => route.invoke(input, context, { idempotencyKey });
  const output = await (within === undefined ? invoke() : within(context, invoke));
  failpoints?.hit("gateway.before-reply");
  send(response, route, output);
}

/** Path and query as the contract's types, and the body's fields; what is named in the path cannot be said otherwise. */
function inputOf(request: Request, { route, params }: Match): Record<string, unknown> {
  // Without a prototype, a body's "__proto__" is an unknown field like any other.
  const input = Object.create(null) as Record<string, unknown>;
  const query = request.url.indexOf("?");
  if (query !== -1) {
    for (const [name, text] of Object.entries(parseQuery(request.url.slice(query + 1)))) {
      input[name] = fromText(text!, route.fields.get(name));
    }
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
  for (const [name, text] of params) input[name] = fromText(text, route.fields.get(name));
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
    response.statusCode = 202;
    response.location(location);
  } else response.statusCode = status;
  if (response.statusCode === 204) {
    response.end();
    return;
  }
  const text = JSON.stringify(output);
  const length = Buffer.byteLength(text);
  response.setHeader("Content-Type", "application/json; charset=utf-8");
  response.setHeader("Content-Length", length);
  // As many bytes as characters: all of it is ASCII, which is quicker to write.
  response.end(text, length === text.length ? "latin1" : "utf8");
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
