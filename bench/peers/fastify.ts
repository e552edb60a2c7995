import { fastify } from "fastify";
import type { Contender } from "../contender.js";
import { askEdge } from "../edge.js";
import { answer, type Question } from "../work.js";
import { productSchema, queryOfQuestionSchema, questionSchema } from "./json-schemas.js";
import { postPerCall } from "./post-per-call.js";

const listening = async (app: any) => ({
  address: (await app.listen({ port: 0, host: "127.0.0.1" })) as string,
  stop: (): Promise<void> => app.close(),
});

export const overHttp: Contender = {
  async serve() {
    const app = fastify({ logger: false, forceCloseConnections: true });
    const schema = { body: questionSchema, response: { 200: productSchema } };
    app.post("/product/get", { schema }, (request: { body: Question }) => answer(request.body));
    return listening(app);
  },
  connect: postPerCall,
};

interface EdgeRequest {
  readonly params: { readonly id: string };
  readonly query: { readonly reviews: number; readonly paceMs: number };
}

export const edge: Contender = {
  async serve({ edgeHeaders }) {
    const app = fastify({ logger: false, forceCloseConnections: true });
    const schema = { querystring: queryOfQuestionSchema, response: { 200: productSchema } };
    app.addHook("onRequest", (_request: unknown, reply: any, done: () => void) => {
      reply.headers(edgeHeaders);
      done();
    });
    app.get("/products/:id", { schema }, ({ params, query }: EdgeRequest) => answer({ id: params.id, ...query }));
    return listening(app);
  },
  connect: askEdge,
};
