import { rm } from "node:fs/promises";
import type { ClientOf } from "../core/client.js";
import { type Clock, systemClock } from "../core/clock.js";
import type { Context } from "../core/context.js";
import type { Contract } from "../core/contract.js";
import { type Ids, systemIds } from "../core/ids.js";
import { type Logger, silentLogger } from "../core/logger.js";
import type { Module } from "../core/module.js";
import type { Topology } from "../core/topology.js";
import { createTelemetry, type Telemetry } from "../observability/telemetry.js";
import { checkTopology } from "../runtime/check-topology.js";
import { type ProcessOptions, ProcessRuntime } from "../runtime/process-runtime.js";
import { loadTransport, transportNames } from "../runtime/project.js";
import { readSettings } from "../runtime/settings.js";
import type { StackParts } from "../runtime/stacks.js";
import { dataFolder } from "./data-folder.js";
import { memoryRegistries } from "./memory-registry.js";

export interface TestSystemOptions {
  readonly topology: Topology;
  readonly modules: readonly Module[];
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly ids?: Ids;
  readonly logger?: Logger;
  readonly revise?: StackParts["revise"];
  readonly wrapEdge?: ProcessOptions["wrapEdge"];
  /** Whether each process records what it does and shows it at an admin listener of its own; by default not. */
  readonly observed?: boolean;
}

/** A layout that runs inside the test's own process, over the topology's real transports. */
export interface TestSystem {
  /** The gateway's address. */
  readonly url: string;
  readonly processes: ReadonlyMap<string, ProcessRuntime>;
  /** A client in one of the processes, by default the first. */
  client<C extends Contract>(contract: C, process?: string): ClientOf<C>;
  /** A context with a deadline of `deadlineMs`, by default five seconds. */
  context(deadlineMs?: number): Context;
  stop(): Promise<void>;
}

/** Starts every process of a topology here, each with its own runtime, on free ports and a data folder of its own. */
export async function testSystem(options: TestSystemOptions): Promise<TestSystem> {
  const { topology, clock = systemClock, ids = systemIds, logger = silentLogger } = options;
  const modules = new Map(options.modules.map((module) => [module.name, module]));
  checkTopology(topology, { modules, transports: await transportNames() });
  const dataDir = await dataFolder();
  const namespace = `test-${systemIds.hex(4)}`;
  const env = { PORT: "0", DATA_DIR: dataDir, REDIS_URL: process.env.REDIS_URL, PANGAEA_NAMESPACE: namespace };
  const settings = readSettings({ ...env, ...options.env });
  const registryOf = memoryRegistries();
  const processes = new Map<string, ProcessRuntime>();
  const telemetries: Telemetry[] = [];
  const telemetryOf = (process: string) => {
    if (options.observed !== true) return undefined;
    const telemetry = createTelemetry({ process, clock, ids });
    telemetries.push(telemetry);
    return telemetry;
  };
  const stop = async () => {
    await Promise.all([...processes.values()].map((runtime) => runtime.stop()));
    for (const telemetry of telemetries) telemetry.close();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    for (const spec of topology.processes) {
      const runtime = await ProcessRuntime.start({
        topology,
        process: spec,
        modules,
        settings,
        registry: registryOf(),
        parts: { clock, ids, logger: logger.child({ process: spec.name }), revise: options.revise },
        loadTransport,
        loadGateway: async () => (await import("../gateway/gateway.js")).createGateway,
        wrapEdge: options.wrapEdge,
        telemetry: telemetryOf(spec.name),
      });
      processes.set(spec.name, runtime);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const [first] = processes.values();
  const gateway = [...processes.values()].find((runtime) => runtime.addresses.gateway !== undefined);
  return {
    url: gateway?.addresses.gateway ?? "",
    processes,
    client: (contract, name) => (name === undefined ? first! : processes.get(name)!).client(contract, "test"),
    context: (deadlineMs = 5_000) => first!.context(deadlineMs),
    stop,
  };
}
