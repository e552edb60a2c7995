import { systemClock } from "../core/clock.js";
import { systemIds } from "../core/ids.js";
import { usualResilience } from "../core/resilience.js";
import type { ProcessSpec, Topology } from "../core/topology.js";
import { staticRegistry } from "../discovery/static-registry.js";
import { supervisorRegistry } from "../discovery/supervisor-registry.js";
import { watchLoop } from "../observability/loop-watch.js";
import { createLogger } from "../observability/pino-logger.js";
import { staticInstances } from "../runtime/addresses.js";
import { readFailpoints } from "../runtime/failpoints.js";
import { ProcessRuntime } from "../runtime/process-runtime.js";
import { loadTransport } from "../runtime/project.js";
import { ConfigurationError, readSettings } from "../runtime/settings.js";
import { loadSystem } from "./load-system.js";
import { insteadOf } from "./nearest.js";
import { parentLine } from "./process-line.js";
import { toldToStop, toldToStopBy } from "./told-to-stop.js";

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
  const format = process.env.LOG_FORMAT === "json" ? "json" : "text";
  const fields = { process: own.name };
  const logger = createLogger(settings.logLevel, format, fields);
  const loopWatch = watchLoop({
    clock: systemClock,
    settings: (topology.resilience ?? usualResilience).loop,
    format,
    fields,
    modules: Object.fromEntries(
      own.modules.map((name) => [name, Object.keys(modules.get(name)!.contract.procedures)] as const),
    ),
  });
  const line = parentLine();
  const registry =
    line === undefined ? staticRegistry(staticInstances(topology, own, settings, modules)) : supervisorRegistry(line);

  const runtime = await ProcessRuntime.start({
    topology,
    process: own,
    modules,
    settings,
    registry,
    parts: { clock: systemClock, ids: systemIds, logger, failpoints },
    loadTransport,
    loadGateway: async () => (await import("../gateway/gateway.js")).createGateway,
  });
  loopWatch.begin();
  line?.send({ type: "ready", addresses: runtime.addresses });
  const { gateway, ...others } = runtime.addresses;
  logger.info(`Ready${gateway === undefined ? "" : ` on ${gateway}`}.`, { modules: own.modules.join(","), ...others });

  await (line === undefined ? toldToStop() : toldToStopBy(line));
  logger.info("Stopping: taking nothing new, answering what is under way.");
  await runtime.stop();
  await loopWatch.close();
  return 0;
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
