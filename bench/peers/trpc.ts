import { once } from "node:events";
import { createTRPCClient, httpBatchLink } from "@trpc/client";
import { initTRPC } from "@trpc/server";
import { createHTTPServer } from "@trpc/server/adapters/standalone";
import { z } from "zod";
import type { Contender } from "../contender.js";
import { answer, type Question } from "../work.js";

const { router, procedure } = initTRPC.create({ isDev: false });
const question = z.object({ id: z.string(), reviews: z.int(), paceMs: z.number() });
const appRouter = router({
  get: procedure.input(question).query(({ input }: { input: Question }) => answer(input)),
});

export const overHttp: Contender = {
  async serve() {
    const server = createHTTPServer({ router: appRouter, allowMethodOverride: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return {
      address: `http://127.0.0.1:${server.address().port}`,
      async stop() {
        server.close();
        server.closeAllConnections();
      },
    };
  },
  async connect(address) {
    // A GET of 512 questions would not fit into a URL.
    const client = createTRPCClient({ links: [httpBatchLink({ url: address, methodOverride: "POST" })] });
    return { call: (asked) => client.get.query(asked), stop: async () => {} };
  },
};
