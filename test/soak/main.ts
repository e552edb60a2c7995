import "reflect-metadata";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { startRedisServer } from "pangaea/testing";
import { describeMachine, root } from "../../bench/machine.js";
import { leftNothing, megabytes, reportOf } from "./report.js";
import { type SoakResult, type SoakTransport, soak, soakTransports } from "./soak.js";

// Without options it is a whole run, which writes its results; with any it only prints.
const whole = process.argv.length === 2;

const { values } = parseArgs({
  options: {
    transport: { type: "string", multiple: true, default: [...soakTransports] },
    calls: { type: "string", default: "1000000" },
  },
});
const unknown = values.transport.find((name) => !soakTransports.includes(name as SoakTransport));
if (unknown !== undefined) throw new Error(`--transport ${unknown}: give one of ${soakTransports.join(", ")}`);

const server = values.transport.includes("redis") && !process.env.REDIS_URL ? await startRedisServer() : undefined;
if (server !== undefined) process.env.REDIS_URL = server.url;
const results = new Map<SoakTransport, SoakResult>();
try {
  for (const transport of values.transport as SoakTransport[]) {
    const result = await soak(transport, Number(values.calls));
    const { calls, seconds, pending, heapEarly, heapEnd } = result;
    results.set(transport, result);
    process.stdout.write(
      `${transport}: ${calls} calls in ${seconds.toFixed(0)} s, ${pending} pending, ` +
        `heap ${megabytes(heapEarly)} after a fifth, ${megabytes(heapEnd)} at the end: ` +
        `${leftNothing(result) ? "as it should be" : "NOT as it should be"}\n`,
    );
    if (!leftNothing(result)) process.exitCode = 1;
  }
} finally {
  await server?.stop();
}
if (whole) {
  writeFileSync(`${root}bench/SOAK.md`, reportOf(results, describeMachine(undefined)));
  process.stdout.write("Written: bench/SOAK.md\n");
}
