import { Controller, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ClientProxyFactory, MessagePattern, Transport } from "@nestjs/microservices";
import { firstValueFrom } from "rxjs";
import { freePort } from "../../src/testing/redis-server.js";
import type { Contender } from "../contender.js";
import { answer, type Question } from "../work.js";

@Controller()
class ProductController {
  @MessagePattern("product.get")
  get(question: Question) {
    return answer(question);
  }
}

@Module({ controllers: [ProductController] })
class ProductModule {}

const between = (optionsOf: (redisUrl: string, port: string) => object): Contender => ({
  async serve({ redisUrl }) {
    const address = String(await freePort());
    const app = await NestFactory.createMicroservice(ProductModule, {
      ...optionsOf(redisUrl, address),
      logger: false,
    });
    await app.listen();
    return { address, stop: () => app.close() };
  },
  async connect(address, { redisUrl }) {
    const client = ClientProxyFactory.create(optionsOf(redisUrl, address));
    await client.connect();
    return {
      call: (question) => firstValueFrom(client.send("product.get", question)),
      stop: async () => client.close(),
    };
  },
});

export const overTcp = between((_redisUrl, port) => ({
  transport: Transport.TCP,
  options: { host: "127.0.0.1", port: Number(port) },
}));

export const overRedis = between((redisUrl) => {
  const { hostname, port } = new URL(redisUrl);
  return { transport: Transport.REDIS, options: { host: hostname, port: Number(port) } };
});
