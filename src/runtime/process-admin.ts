import type { Module } from "../core/module.js";
import type { ProcessSpec } from "../core/topology.js";
import type { Telemetry } from "../observability/telemetry.js";
import { adminHandler } from "./admin-handler.js";
import { adminAnswers } from "./admin-face.js";
import type { Connections } from "./connections.js";
import { figuresOf } from "./process-report.js";
import type { ProcessRuntime } from "./process-runtime.js";
import type { ProcessReadiness } from "./readiness.js";
import type { Settings } from "./settings.js";
import { openSupervisorAdmin, type SupervisorAdmin } from "./supervisor-admin.js";

export interface ProcessAdminOptions {
  readonly process: ProcessSpec;
  readonly modules: ReadonlyMap<string, Module>;
  readonly settings: Settings;
  readonly telemetry: Telemetry;
  readonly readiness: ProcessReadiness;
  readonly runtime: Pick<ProcessRuntime, "addresses" | "pending" | "pendingDeadlines">;
  /** The modules that run here now. */
  readonly running: ReadonlyMap<string, unknown>;
  readonly connections: Connections;
}

/**
 * Opens the admin listener of a process: at the admin port where it has the gateway, else at a free one. At the gateway's
 * it also takes calls of every service, in the Connect protocol, for the command line.
 */
export async function openProcessAdmin(options: ProcessAdminOptions): Promise<SupervisorAdmin> {
  const { process: spec, modules, settings, telemetry, connections, readiness } = options;
  showRuntime(options);
  const withGateway = spec.gateway !== undefined;
  const forwardTo = withGateway
    ? await connections.listenAt("admin", "http", "http://127.0.0.1:0", adminHandler(modules, connections))
    : undefined;
  const { metrics, tracer } = telemetry;
  const handlers = adminAnswers({
    readiness: () => (withGateway ? readiness.all() : readiness.own()),
    metrics: () => metrics.text(),
    spans: (id) => Promise.resolve({ spans: tracer.find(id), silent: [] }),
    async status() {
      const [{ waitingFor }, figures] = await Promise.all([
        readiness.own(),
        figuresOf(telemetry, options.runtime.pending),
      ]);
      const state = waitingFor.length === 0 ? "ready" : "waiting";
      const addresses = { ...options.runtime.addresses };
      const { pid } = process;
      return {
        processes: [{ name: spec.name, state, pid, restarts: 0, addresses, waitingFor, reason: null, figures }],
      };
    },
  });
  const port = withGateway ? settings.adminPort : 0;
  const admin = await openSupervisorAdmin({ port, handlers, forwardTo: () => forwardTo });
  options.runtime.addresses.admin = admin.address;
  return admin;
}

/** Shows what the runtime of a process knows. */
function showRuntime({ telemetry: { metrics }, process: spec, runtime, running }: ProcessAdminOptions): void {
  metrics.observe(
    { name: "pangaea_deadlines_pending", help: "Calls made here that have a deadline to keep.", kind: "gauge" },
    () => [{ labels: {}, value: runtime.pendingDeadlines }],
  );
  metrics.observe(
    { name: "pangaea_module_running", help: "1 where a module of this process runs, else 0.", kind: "gauge" },
    () => spec.modules.map((module) => ({ labels: { module }, value: running.has(module) ? 1 : 0 })),
  );
}
