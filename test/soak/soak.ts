import { rm } from "node:fs/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { injectable } from "inversify";
import { type CallContext, defineContract, defineModule, fail, isError, mutation, read, type ServiceOf } from "pangaea";
import { memoryRegistries } from "pangaea/testing";
import { z } from "zod";
import { silentLogger, systemClock, systemIds, type Transport } from "../../src/core/index.js";
import { parseTopology } from "../../src/runtime/load-topology.js";
import { ProcessRuntime } from "../../src/runtime/process-runtime.js";
import { loadTransport } from "../../src/runtime/project.js";
import { readSettings } from "../../src/runtime/settings.js";
import { dataFolder } from "../../src/testing/data-folder.js";

const Item = z.object({ id: z.string(), tags: z.array(z.string()) });

const echo = defineContract("echo", 1, {
  procedures: {
    say: read({ input: Item, output: Item, access: "public", deadlineMs: 60_000 }),
    refuse: mutation({ input: Item, output: Item, access: "public", deadlineMs: 60_000 }),
    hang: read({ input: Item, output: Item, access: "public", deadlineMs: 60_000 }),
  },
  errors: { REFUSED: { code: "failed_precondition" } },
});

@injectable()
class EchoService implements ServiceOf<typeof echo> {
  say(input: z.output<typeof Item>) {
    return Promise.resolve(input);
  }

  refuse(): Promise<never> {
    return Promise.reject(fail(echo.errors.REFUSED));
  }

  hang(_: unknown, ctx: CallContext): Promise<never> {
    return new Promise((_resolve, reject) => {
      ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason as Error));
    });
  }
}

/** Stands for the module on whose behalf the calls are made. */
const asker = defineContract("asker", 1, {
  procedures: { rest: read({ input: Item, output: Item, access: "public" }) },
});

@injectable()
class AskerService implements ServiceOf<typeof asker> {
  rest(input: z.output<typeof Item>) {
    return Promise.resolve(input);
  }
}

const modules = new Map(
  [
    defineModule({ contract: echo, service: EchoService }),
    defineModule({ contract: asker, service: AskerService, requires: [echo] }),
  ].map((module) => [module.name, module]),
);

/** The name of a transport that calls can take here. */
export const soakTransports = ["in-process", "http", "redis"] as const;
export type SoakTransport = (typeof soakTransports)[number];

export interface SoakResult {
  readonly calls: number;
  readonly seconds: number;
  /** Everything that the processes and their transports still count as under way, after the last reply. */
  readonly pending: number;
  /** Of the heap after a collection, in bytes: after a fifth of the calls, and after the last. */
  readonly heapEarly: number;
  readonly heapEnd: number;
}

const inFlight = 64;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

async function heapUsed(): Promise<number> {
  // What settled in the last turns is released in later ones.
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  return process.memoryUsage().heapUsed;
}

/** What a transport keeps in mind, for those that tell. */
const pendingOf = (transport: Transport): number => {
  if (!("gauges" in transport)) return 0;
  const { malformed: _, ...gauges } = (transport.gauges as () => Record<string, number>)();
  return Object.values(gauges).reduce((sum, value) => sum + value, 0);
};

/**
 * Makes many calls on one long-lived context, over one transport with all layers: most succeed, one in a hundred is
 * refused by the service, and one in a hundred is cancelled by its caller.
 */
export async function soak(transport: SoakTransport, calls: number): Promise<SoakResult> {
  const two = "one: { modules: [asker] }\n  two: { modules: [echo] }";
  const text =
    transport === "in-process"
      ? "name: soak\nprocesses:\n  one: { modules: [asker, echo] }\n"
      : `name: soak\nprocesses:\n  ${two}\nroutes: { default: ${transport} }\n`;
  const topology = parseTopology("soak.yaml", text);
  const dataDir = await dataFolder();
  const settings = readSettings({
    PORT: "0",
    DATA_DIR: dataDir,
    REDIS_URL: process.env.REDIS_URL,
    PANGAEA_NAMESPACE: `soak-${systemIds.hex(4)}`,
  });
  const registryOf = memoryRegistries();
  const transports: Transport[] = [];
  const runtimes: ProcessRuntime[] = [];
  try {
    for (const spec of topology.processes) {
      const runtime = await ProcessRuntime.start({
        topology,
        process: spec,
        modules,
        settings,
        registry: registryOf(),
        parts: { clock: systemClock, ids: systemIds, logger: silentLogger },
        loadTransport: async (name) => {
          const create = await loadTransport(name);
          return (options) => {
            const made = create(options);
            transports.push(made);
            return made;
          };
        },
        loadGateway: () => Promise.reject(new Error("there is no gateway here")),
      });
      runtimes.push(runtime);
    }
    const one = runtimes[0]!;
    const client = one.client(echo, "asker");
    const context = one.context(24 * 60 * 60 * 1000);
    let begun = 0;
    const callUpTo = async (count: number) => {
      const worker = async () => {
        while (begun < count) {
          const n = ++begun;
          const input = { id: `${n}`, tags: ["a", "b"] };
          if (n % 100 === 1) await expectError(client.refuse(input, context), "failed_precondition");
          else if (n % 100 === 2) {
            const own = context.child(60_000);
            const call = client.hang(input, own);
            setImmediate(() => own.cancellation.cancel());
            await expectError(call, "canceled");
            own.cancellation.detach();
          } else if ((await client.say(input, context)).id !== input.id) throw new Error("replies are mixed up");
        }
      };
      await Promise.all(Array.from({ length: inFlight }, worker));
    };
    const pending = () =>
      runtimes.reduce((sum, runtime) => sum + runtime.pending + runtime.pendingDeadlines, 0) +
      transports.reduce((sum, made) => sum + pendingOf(made), 0);

    const start = performance.now();
    await callUpTo(calls / 5);
    const heapEarly = await heapUsed();
    await callUpTo(calls);
    // Handlers whose callers have cancelled may still be on their way out.
    for (let tries = 0; tries < 250 && pending() > 0; tries++) await new Promise((resolve) => setTimeout(resolve, 20));
    const seconds = (performance.now() - start) / 1000;
    const left = pending();
    return { calls, seconds, pending: left, heapEarly, heapEnd: await heapUsed() };
  } finally {
    await Promise.all(runtimes.map((runtime) => runtime.stop()));
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function expectError(call: Promise<unknown>, code: string): Promise<void> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isError(error) || error.code !== code) throw new Error(`expected ${code}, got ${String(error)}`);
}
