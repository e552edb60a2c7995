import "reflect-metadata";
import { parseArgs } from "node:util";
import { startRedisServer } from "pangaea/testing";
import { type SoakTransport, soak, soakTransports } from "./soak.js";

const { values } = parseArgs({
  options: {
    transport: { type: "string", multiple: true, default: [...soakTransports] },
    calls: { type: "string", default: "1000000" },
  },
});
const unknown = values.transport.find((name) => !soakTransports.includes(name as SoakTransport));
if (unknown !== undefined) throw new Error(`--transport ${unknown}: give one of ${soakTransports.join(", ")}`);

/** The heap may grow by so much over all calls: what the engine keeps of compiled code and caches. */
const maxGrowthBytes = 4 * 1024 * 1024;
const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MB`;

const server = values.transport.includes("redis") && !process.env.REDIS_URL ? await startRedisServer() : undefined;
if (server !== undefined) process.env.REDIS_URL = server.url;
try {
  for (const transport of values.transport as SoakTransport[]) {
    const { calls, seconds, pending, heapEarly, heapEnd } = await soak(transport, Number(values.calls));
    const isFlat = heapEnd - heapEarly < maxGrowthBytes;
    process.stdout.write(
      `${transport}: ${calls} calls in ${seconds.toFixed(0)} s, ${pending} pending, ` +
        `heap ${megabytes(heapEarly)} after a fifth, ${megabytes(heapEnd)} at the end: ` +
        `${pending === 0 && isFlat ? "as it should be" : "NOT as it should be"}\n`,
    );
    if (pending !== 0 || !isFlat) process.exitCode = 1;
  }
} finally {
  await server?.stop();
}
