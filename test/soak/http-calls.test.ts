import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { rootContext, silentLogger, systemClock, systemIds } from "../../src/core/index.js";
import { createTransport } from "../../transports/http/transport.js";
import { callOf } from "../unit/http-rig.js";

/** `SOAK_CALLS=1000000 npx vitest run test/soak` for the long one. */
const calls = Number(process.env.SOAK_CALLS ?? 10_000);
const inFlight = 256;
/** Far below one object for each call. */
const maxGrowthBytes = 2 * 1024 * 1024;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
const heapBytes = (): number => {
  collectGarbage();
  return process.memoryUsage().heapUsed;
};

describe.each(["on", "off"])("many calls over HTTP, with the Upgrade %s", (upgrade) => {
  it(`leave nothing behind, one in a hundred given up (${calls} calls)`, { timeout: 600_000 }, async () => {
    const create = () =>
      createTransport({ clock: systemClock, ids: systemIds, logger: silentLogger, settings: { upgrade } });
    const [server, client] = [create(), create()];
    const { address } = await server.serve("http://127.0.0.1:0", (call) => Promise.resolve({ output: call.input }));
    const connection = client.connect(address);
    let failed = 0;

    const make = async (count: number) => {
      let left = count;
      const caller = async () => {
        while (left-- > 0) {
          const context = rootContext(systemClock, 60_000);
          const reply = connection.call(callOf(left, context));
          if (left % 100 === 0) process.nextTick(() => context.cancellation.cancel());
          await reply.catch(() => failed++);
        }
      };
      await Promise.all(Array.from({ length: inFlight }, caller));
    };

    await make(calls / 5);
    const before = heapBytes();
    await make(calls);
    const growth = heapBytes() - before;
    // The last cancellations may be on their way still.
    for (let tries = 0; tries < 100 && server.gauges().inFlight > 0; tries++) await new Promise(setImmediate);
    expect([client.gauges(), server.gauges()]).toEqual([
      { pendingCalls: 0, inFlight: 0 },
      { pendingCalls: 0, inFlight: 0 },
    ]);
    expect(growth).toBeLessThan(maxGrowthBytes);
    expect(failed).toBeLessThanOrEqual((calls * 6) / 500);
    await Promise.all([client.close(), server.close()]);
  });
});
