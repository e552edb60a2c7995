import { loadSystem } from "../../src/cli/load-system.js";
import { tuneEngine } from "../../src/cli/tune-engine.js";
import { systemClock, systemIds } from "../../src/core/index.js";
import type { Instance } from "../../src/core/registry.js";
import { staticRegistry } from "../../src/discovery/static-registry.js";
import { createAmbient } from "../../src/observability/ambient.js";
import { createLogger } from "../../src/observability/pino-logger.js";
import { createTelemetry } from "../../src/observability/telemetry.js";
import { ProcessRuntime } from "../../src/runtime/process-runtime.js";
import { loadTransport } from "../../src/runtime/project.js";
import { readSettings } from "../../src/runtime/settings.js";
import { root } from "../machine.js";

export interface ProcessWanted {
  readonly topology: string;
  readonly process: string;
  readonly redisUrl: string;
  /** What a supervisor would tell of the other processes. */
  readonly others?: readonly Instance[];
}

tuneEngine();

/** Starts one process of a topology in this one, as `pangaea start` does, with the same logger at its default level. */
export async function startProcess(wanted: ProcessWanted): Promise<ProcessRuntime> {
  const { topology, modules } = await loadSystem(`${root}bench/pangaea/${wanted.topology}.yaml`);
  const clock = systemClock;
  const ids = systemIds;
  const ambient = createAmbient();
  const logger = createLogger({
    level: "info",
    format: "json",
    fields: { process: wanted.process },
    current: () => ambient.fields(),
  });
  return ProcessRuntime.start({
    topology,
    process: topology.processes.find(({ name }) => name === wanted.process)!,
    modules,
    settings: readSettings({ PORT: "0", REDIS_URL: wanted.redisUrl }),
    registry: staticRegistry(wanted.others ?? []),
    parts: { clock, ids, logger, within: ambient.within },
    telemetry: createTelemetry({ process: wanted.process, clock, ids }),
    loadTransport,
    loadGateway: async () => (await import("../../src/gateway/gateway.js")).createGateway,
  });
}
