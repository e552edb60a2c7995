import { randomUUID } from "node:crypto";
import { ServiceBroker } from "moleculer";
import { freePort } from "../../src/testing/redis-server.js";
import type { Contender } from "../contender.js";
import { answer, type Product, type Question } from "../work.js";

const params = { id: "string", reviews: "number|integer", paceMs: "number" };

function brokerWith(options: object) {
  return new ServiceBroker({ logger: false, ...options });
}

function addService(broker: any): void {
  broker.createService({
    name: "product",
    actions: { get: { params, handler: (ctx: { params: Question }) => answer(ctx.params) } },
  });
}

const ask = (broker: any) => ({
  call: (question: Question): Promise<Product> => broker.call("product.get", question),
  stop: (): Promise<void> => broker.stop(),
});

export const local = (options: { validator: boolean; requestTimeout?: number }): Contender => ({
  async connect() {
    const broker = brokerWith(options);
    addService(broker);
    await broker.start();
    return ask(broker);
  },
});

/** `transporterOf` gives the transporter of the answering end, and from its address that of the asking end. */
const remote = (
  transporterOf: (redisUrl: string, address: string | undefined) => Promise<{ transporter: unknown; address: string }>,
): Contender => ({
  async serve({ redisUrl }) {
    const { transporter, address } = await transporterOf(redisUrl, undefined);
    const broker = brokerWith({ nodeID: "server", transporter });
    addService(broker);
    await broker.start();
    return { address, stop: () => broker.stop() };
  },
  async connect(server, { redisUrl }) {
    const { transporter } = await transporterOf(redisUrl, server);
    const broker = brokerWith({ nodeID: `client-${randomUUID()}`, transporter });
    await broker.start();
    await broker.waitForServices("product");
    return ask(broker);
  },
});

export const overTcp = remote(async (_redisUrl, server) => {
  const port = await freePort();
  const address = `127.0.0.1:${port}/server`;
  const urls = server === undefined ? [] : [server];
  return { transporter: { type: "TCP", options: { port, udpDiscovery: false, urls } }, address };
});

export const overRedis = remote(async (redisUrl) => ({ transporter: redisUrl, address: "" }));
