import { once } from "node:events";
import { createServer } from "node:http";
import express, { type Express } from "express";
import type { Contender } from "../contender.js";
import { askEdge } from "../edge.js";
import { answer, type Question } from "../work.js";
import { postPerCall } from "./post-per-call.js";

function createApp(): Express {
  const app = express();
  app.disable("x-powered-by");
  app.set("etag", false);
  return app;
}

async function listening(app: Express) {
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

export const overHttp: Contender = {
  async serve() {
    const app = createApp();
    app.use(express.json());
    app.post("/product/get", (request, response, next) => {
      answer(request.body as Question).then((product) => response.json(product), next);
    });
    return listening(app);
  },
  connect: postPerCall,
};

export const edge: Contender = {
  async serve({ edgeHeaders }) {
    const app = createApp();
    app.use((_request, response, next) => {
      response.set(edgeHeaders);
      next();
    });
    app.get("/products/:id", ({ params, query }, response, next) => {
      const question = { id: params.id, reviews: Number(query.reviews), paceMs: Number(query.paceMs) };
      answer(question).then((product) => response.json(product), next);
    });
    return listening(app);
  },
  connect: askEdge,
};
