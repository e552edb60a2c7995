import type { ProcessRuntime } from "../../src/runtime/process-runtime.js";
import type { Contender, Surroundings } from "../contender.js";
import { askEdge } from "../edge.js";
import { product } from "./modules/product/contract.js";
import { startProcess } from "./start-process.js";

const aDayMs = 24 * 3600 * 1000;

/** A typed client, called as a handler calls its neighbours: with the context of the work at hand. */
function connected(runtime: ProcessRuntime) {
  const client = runtime.client(product, "bench");
  const context = runtime.context(aDayMs);
  return {
    call: (question: Parameters<typeof client.get>[0]) => client.get(question, context),
    stop: () => runtime.stop(),
  };
}

export const inProcess: Contender = {
  connect: async (_address, { redisUrl }) =>
    connected(await startProcess({ topology: "local", process: "one", redisUrl })),
};

const between = (transport: "http" | "redis"): Contender => ({
  async serve({ redisUrl }) {
    const runtime = await startProcess({ topology: transport, process: "server", redisUrl });
    return { address: runtime.addresses[transport]!, stop: () => runtime.stop() };
  },
  async connect(address, { redisUrl }) {
    const server = {
      id: "server",
      process: "server",
      services: { product: 1, "process-server": 1 },
      addresses: { [transport]: address },
      weight: 1,
    };
    return connected(await startProcess({ topology: transport, process: "client", redisUrl, others: [server] }));
  },
});

export const overHttp = between("http");
export const overRedis = between("redis");

export const gateway = {
  async serve({ redisUrl }: Surroundings) {
    const runtime = await startProcess({ topology: "local", process: "one", redisUrl });
    return { address: runtime.addresses.gateway!, stop: () => runtime.stop() };
  },
  connect: askEdge,
} satisfies Contender;
