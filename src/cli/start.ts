import { systemClock } from "../core/clock.js";
import { systemIds } from "../core/ids.js";
import { usualResilience } from "../core/resilience.js";
import type { ProcessSpec, Topology } from "../core/topology.js";
import { createAmbient } from "../observability/ambient.js";
import { watchLoop } from "../observability/loop-watch.js";
import { giveToOpenTelemetry, PackageMissing } from "../observability/opentelemetry.js";
import { createLogger } from "../observability/pino-logger.js";
import type { SpanRing } from "../observability/span-ring.js";
import { createTelemetry } from "../observability/telemetry.js";
import { readFailpoints } from "../runtime/failpoints.js";
import { ProcessRuntime } from "../runtime/process-runtime.js";
import { loadTransport } from "../runtime/project.js";
import { ConfigurationError, readSettings } from "../runtime/settings.js";
import { loadSystem } from "./load-system.js";
import { insteadOf } from "./nearest.js";
import { openRegistry } from "./open-registry.js";
import { parentLine } from "./process-line.js";
import { listenTo, NeverItsTurn } from "./supervised.js";
import { toldToStop } from "./told-to-stop.js";

export interface StartOptions {
  readonly topology: string;
  readonly process?: string;
}

/** Runs one process of a topology until it is told to stop; then drains it. */
export async function start(options: StartOptions): Promise<number> {
  const settings = readSettings(process.env);
  const failpoints = readFailpoints(process.env);
  const { topology, modules } = await loadSystem(options.topology);
  const own = chooseProcess(topology, options.process);
  const ambient = createAmbient();
  const fields = { process: own.name };
  const logger = createLogger({
    level: settings.logLevel,
    format: settings.logFormat,
    fields,
    current: () => ambient.fields(),
  });
  const loopWatch = watchLoop({
    clock: systemClock,
    settings: (topology.resilience ?? usualResilience).loop,
    format: settings.logFormat,
    fields,
    modules: Object.fromEntries(
      own.modules.map((name) => [name, Object.keys(modules.get(name)!.contract.procedures)] as const),
    ),
  });
  // Of processes that run side by side each is itself: `orders.2`.
  const name = process.env.PANGAEA_INSTANCE?.replace(/-[0-9a-f]+$/, "") ?? own.name;
  const telemetry = createTelemetry({
    process: name,
    clock: systemClock,
    ids: systemIds,
    traceShare: settings.traceShare,
  });
  const stopGiving = await giveSpans(telemetry.tracer, name);
  const line = parentLine();
  // What the supervisor says is heard by whoever listens in this very tick.
  const supervised = line && listenTo(line);
  const registry = await openRegistry({ topology, own, modules, settings, line, clock: systemClock, logger });
  const stopped = supervised?.stopped ?? toldToStop().then(() => 0);

  let runtime: ProcessRuntime;
  try {
    runtime = await ProcessRuntime.start({
      topology,
      process: own,
      modules,
      settings,
      registry,
      instance: process.env.PANGAEA_INSTANCE,
      gatewaySocket: await supervised?.socket,
      turn: supervised?.turn,
      parts: { clock: systemClock, ids: systemIds, logger, failpoints, within: ambient.within },
      telemetry,
      loadTransport,
      loadGateway: async () => (await import("../gateway/gateway.js")).createGateway,
    });
  } catch (error) {
    if (error instanceof NeverItsTurn) return 0;
    throw error;
  }
  loopWatch.begin();
  supervised?.answer(() => telemetry.meters.answered());
  line?.send({ type: "ready", addresses: runtime.addresses });
  const { gateway, ...others } = runtime.addresses;
  logger.info(`Ready${gateway === undefined ? "" : ` on ${gateway}`}.`, { modules: own.modules.join(","), ...others });

  const graceMs = await stopped;
  logger.info("Stopping: taking nothing new, answering what is under way.");
  await runtime.stop(graceMs);
  await loopWatch.close();
  await stopGiving();
  telemetry.close();
  return 0;
}

async function giveSpans(spans: SpanRing, name: string): Promise<() => Promise<void>> {
  try {
    return await giveToOpenTelemetry({ spans, process: name, env: process.env });
  } catch (error) {
    if (error instanceof PackageMissing) throw new ConfigurationError(error.message);
    throw error;
  }
}

function chooseProcess(topology: Topology, name: string | undefined): ProcessSpec {
  const names = topology.processes.map((spec) => spec.name);
  if (name === undefined) {
    const [only, another] = topology.processes;
    if (only !== undefined && another === undefined) return only;
    throw new ConfigurationError(
      `${topology.file} has several processes: say which with --process (${names.join(", ")}), or run all of them with "pangaea split".`,
    );
  }
  const found = topology.processes.find((spec) => spec.name === name);
  if (found !== undefined) return found;
  throw new ConfigurationError(`${topology.file} has no process "${name}". ${insteadOf(name, names)}`);
}
