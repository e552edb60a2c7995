import { credentials, loadPackageDefinition, Server, ServerCredentials } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import type { Contender } from "../contender.js";
import { root } from "../machine.js";
import { answer, type Product, type Question } from "../work.js";

type Callback = (error: Error | null, product?: Product) => void;

const file = `${root}bench/peers/product.proto`;
const { Products } = loadPackageDefinition(loadSync(file, { defaults: true }));

export const unary: Contender = {
  async serve() {
    const server = new Server();
    server.addService(Products.service, {
      Get(call: { request: Question }, callback: Callback) {
        answer(call.request).then((product) => callback(null, product), callback);
      },
    });
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error: Error | null, bound: number) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    return { address: `127.0.0.1:${port}`, stop: async () => server.forceShutdown() };
  },
  async connect(address) {
    const client = new Products(address, credentials.createInsecure());
    return {
      call: (question) =>
        new Promise((resolve, reject) => {
          client.Get(question, (error: Error | null, product: Product) =>
            error === null ? resolve(product) : reject(error),
          );
        }),
      stop: async () => client.close(),
    };
  },
};
