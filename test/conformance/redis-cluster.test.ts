import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, it } from "vitest";
import { silentLogger, systemClock, systemIds, type Transport } from "../../src/core/index.js";
import { type RedisCluster, startRedisCluster } from "../../src/testing/redis-cluster.js";
import { transportCases, type TransportSubject } from "../../src/testing/transport-conformance.js";
import { createTransport, type RedisTransport } from "../../transports/redis/transport.js";

const canRun = process.env.CI === "true" || spawnSync("redis-server", ["--version"]).status === 0;

let cluster: RedisCluster;
let served = 0;
const subject: TransportSubject = {
  clock: systemClock,
  createTransport: () =>
    createTransport({ clock: systemClock, ids: systemIds, logger: silentLogger, settings: { url: cluster.url } }),
  address: () => `process:${++served}`,
  pendingOf(transport: Transport) {
    const { pendingCalls, inFlight, waitingLength } = (transport as RedisTransport).gauges();
    return pendingCalls + inFlight + waitingLength;
  },
};

describe.skipIf(!canRun)(
  `the redis transport over a cluster${canRun ? "" : " (redis-server is not installed)"}`,
  () => {
    beforeAll(async () => {
      cluster = await startRedisCluster();
    });
    afterAll(() => cluster?.stop());

    const { features } = createTransport({
      clock: systemClock,
      ids: systemIds,
      logger: silentLogger,
      settings: { url: "redis://127.0.0.1" },
    });
    for (const { title, skip, run } of transportCases) {
      const reason = skip?.(features);
      if (reason === undefined) it(title, () => run(subject));
      else it.skip(`${title} (${reason})`);
    }
  },
);
