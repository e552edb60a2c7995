import { Redis } from "ioredis";
import { afterAll } from "vitest";
import { systemClock } from "../../src/core/index.js";
import { LeasedRegistry } from "../../src/discovery/leased-registry.js";
import { type RedisServer, startRedisServer } from "../../src/testing/redis-server.js";
import type { RegistrySubject } from "../../src/testing/registry-conformance.js";
import { heartbeatThread, runRegistryCases } from "./run-registry-cases.js";

let server: RedisServer | undefined;
afterAll(() => server?.stop());

let systems = 0;
/** A case that failed may have left it so. */
let isDown = false;
const subject: RegistrySubject = {
  clock: systemClock,
  async openSystem(lease) {
    if (isDown) await server!.restart();
    isDown = false;
    const redis = (server ??= await startRedisServer());
    const namespace = `system-${++systems}`;
    const command = async (run: (client: Redis) => Promise<unknown>) => {
      const client = new Redis(redis.url);
      await run(client);
      client.disconnect();
    };
    return {
      createRegistry: (logger) =>
        new LeasedRegistry({
          store: { kind: "redis", url: redis.url, namespace },
          lease,
          clock: systemClock,
          logger,
          thread: heartbeatThread,
        }),
      kill: (registry) => (registry as LeasedRegistry).abandon(),
      server: {
        kill() {
          isDown = true;
          return redis.kill();
        },
        restart() {
          isDown = false;
          return redis.restart();
        },
        pause: () => redis.pause(),
        resume: () => redis.resume(),
        wipe: () => command((client) => client.flushall()),
        plant: (id, text) =>
          command(async (client) => {
            await client.set(`pangaea:${namespace}:instance:${id}`, text);
            await client.sadd(`pangaea:${namespace}:instances`, id);
          }),
      },
      close: () => Promise.resolve(),
    };
  },
};

runRegistryCases("redis", { registers: true, deaths: "by lease", hasServer: true }, subject);
