import { createServer } from "node:http";
import { Pool } from "undici";
import type { Contender } from "../contender.js";
import { answer, type Product, type Question } from "../work.js";
import { Pending, perTick } from "./batch.js";

const path = "/";
const headers = { "content-type": "application/json" };

function textOf(message: {
  on(event: "data", listener: (chunk: Buffer) => void): unknown;
  once(event: "end", listener: () => void): unknown;
}): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    message.on("data", (chunk) => chunks.push(chunk));
    message.once("end", () => resolve(chunks.length === 1 ? chunks[0]!.toString() : Buffer.concat(chunks).toString()));
  });
}

/** The limit of plain HTTP/1.1: all calls of one tick in one request, all their replies in its response. */
export const http: Contender = {
  async serve() {
    const server = createServer((request, response) => {
      const reply = async () => {
        const questions = JSON.parse(await textOf(request)) as Question[];
        response.writeHead(200, headers).end(JSON.stringify(await Promise.all(questions.map(answer))));
      };
      void reply();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
      address: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
      async stop() {
        server.closeAllConnections();
        server.close();
      },
    };
  },
  async connect(address) {
    const pool = new Pool(address, { connections: 64 });
    const pending = new Pending<Product>();
    // The ids of the calls whose texts the next request takes along.
    let ids: number[] = [];
    const post = perTick(64 * 1024, (texts) => {
      const asked = ids.splice(0, texts.length);
      const chunks: Buffer[] = [];
      pool.dispatch(
        { path, method: "POST", headers, body: `[${texts.join(",")}]` },
        {
          onRequestStart: () => {},
          onResponseStart: () => {},
          onResponseData: (_controller, chunk) => void chunks.push(chunk),
          onResponseEnd: () => {
            const products = JSON.parse(Buffer.concat(chunks).toString()) as Product[];
            for (const [index, product] of products.entries()) pending.settle(asked[index]!, product);
          },
          onResponseError: (_controller, error) => {
            throw error;
          },
        },
      );
    });
    return {
      call: (question) =>
        pending.wait((id) => {
          const text = JSON.stringify(question);
          post(text);
          ids.push(id);
        }),
      stop: () => pool.destroy(),
    };
  },
};
