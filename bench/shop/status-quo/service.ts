import { fastify } from "fastify";

/** A refusal that the caller can tell apart: travels as a problem body and comes out of `peer` as itself. */
export class Refusal extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

export const id = { type: "string", minLength: 1, maxLength: 100 } as const;
export const money = {
  type: "object",
  properties: { currency: { type: "string", pattern: "^[A-Z]{3}$" }, amount: { type: "integer", minimum: 0 } },
  required: ["currency", "amount"],
  additionalProperties: false,
} as const;

/** An object schema in which every property is required. */
export const object = (properties: Record<string, object>) => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
export const list = (items: object, minItems = 0, maxItems = 100) => ({ type: "array", items, minItems, maxItems });

/** The headers that go on from one service to the next. */
export interface Trace {
  readonly requestId: string;
}

interface Parts {
  readonly Params?: object;
  readonly Querystring?: object;
  readonly Body?: object;
  readonly Headers?: object;
}

interface Request<P extends Parts> {
  readonly id: string;
  readonly params: P["Params"];
  readonly query: P["Querystring"];
  readonly body: P["Body"];
  readonly headers: P["Headers"];
}

interface Reply {
  code(status: number): Reply;
  type(mediaType: string): Reply;
  header(name: string, value: string): Reply;
  send(text: string): void;
}

type Define = <P extends Parts>(
  path: string,
  options: { readonly schema: object },
  handler: (request: Request<P>, reply: Reply) => unknown,
) => void;

/** As much of a fastify server as this shop uses: its package, and so its types, is there for the benchmark only. */
interface Service {
  readonly get: Define;
  readonly post: Define;
  readonly put: Define;
  addHook(name: "onRequest", hook: (request: { readonly id: string }, reply: Reply, done: () => void) => void): void;
  listen(at: { readonly host: string; readonly port: number }): Promise<string>;
  close(): Promise<void>;
}

/** A fastify server as a service of this shop is set up: validated requests, compiled replies, one form of errors. */
export function createService(): Service {
  const app = fastify({
    logger: { level: "warn" },
    requestIdHeader: "x-request-id",
    bodyLimit: 100 * 1024,
    routerOptions: { ignoreTrailingSlash: false },
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, request: any, reply: Reply) => {
    const status = error instanceof Refusal ? error.status : (error.statusCode ?? 500);
    if (status >= 500) request.log.error(error);
    const reason = error instanceof Refusal ? error.reason : status < 500 ? "INVALID_REQUEST" : "INTERNAL";
    const detail = status < 500 ? error.message : "The request could not be handled.";
    reply.code(status).type("application/problem+json").send(JSON.stringify({ status, reason, detail }));
  });
  app.get("/healthz", () => ({ status: "ok" }));
  return app;
}

/** Listens on the port that the environment names, until SIGTERM; then answers what is under way. */
export async function run(app: Service, stop: () => Promise<void>): Promise<void> {
  await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
  process.once("SIGTERM", () => {
    void app.close().then(stop);
  });
}
