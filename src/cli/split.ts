import { resolve } from "node:path";
import { systemClock } from "../core/clock.js";
import { systemIds } from "../core/ids.js";
import type { ProcessSpec, Topology } from "../core/topology.js";
import { createLogger } from "../observability/pino-logger.js";
import { onSqlite } from "../runtime/check-replicas.js";
import { Rollout } from "../runtime/rollout.js";
import { readSettings } from "../runtime/settings.js";
import { configurationExitCode, type ProcessStatus, Supervisor } from "../runtime/supervisor.js";
import { adminAnswers } from "../runtime/admin-face.js";
import { supervisorFace } from "../runtime/supervisor-face.js";
import { openSupervisorAdmin } from "../runtime/supervisor-admin.js";
import { supervisorOperations } from "../runtime/supervisor-operations.js";
import { whyNoBuild } from "./build.js";
import { childProcesses } from "./child-processes.js";
import { openEdgeSocket } from "./edge-socket.js";
import { loadSystem, type System } from "./load-system.js";
import { table } from "./table.js";
import { toldToStop } from "./told-to-stop.js";

/** Runs every process of a topology on this machine until Ctrl-C. */
export async function split(options: { topology: string }): Promise<number> {
  const settings = readSettings(process.env);
  const system = await loadSystem(options.topology);
  const { topology } = system;
  const { logLevel: level, logFormat: format } = settings;
  const logger = createLogger({ level, format, fields: { process: "supervisor" } });
  const sockets = new Map<string, object>();
  for (const { name, gateway } of topology.processes) {
    if (gateway === undefined) continue;
    try {
      const socket = await openEdgeSocket(gateway.host ?? settings.host, gateway.port ?? settings.port);
      if (socket !== undefined) sockets.set(name, socket);
    } catch (error) {
      process.stderr.write(`${(error as Error).message}\nProcess ${name} cannot start as it is configured.\n`);
      return configurationExitCode;
    }
  }
  const spawn = childProcesses({
    topology: resolve(options.topology),
    env: {
      ...process.env,
      // Two systems on one broker must not hear each other.
      PANGAEA_NAMESPACE: settings.namespace ?? `${topology.name}-${systemIds.hex(4)}`,
      DATA_DIR: resolve(settings.dataDir),
      // The supervisor has the operator's port, and asks them at theirs.
      ADMIN_PORT: "0",
    },
    sockets,
    width: Math.max(...topology.processes.map(({ name }) => name.length), "supervisor".length),
  });
  const whyAlone = (spec: ProcessSpec) => reasonToBeAlone(system, spec, sockets);
  const supervisor = new Supervisor({ topology, spawn, clock: systemClock, logger, whyAlone });
  const admin = await openSupervisorAdmin({
    port: settings.adminPort,
    handlers: new Map([
      ...adminAnswers(supervisorFace(() => supervisor.status)),
      ...supervisorOperations(supervisor, new Rollout(supervisor), whyNoBuild),
    ]),
    // Only the gateway's takes calls of services.
    forwardTo: () => supervisor.status.find(({ addresses }) => addresses.gateway !== undefined)?.addresses.admin,
  });
  logger.info("The operator's listener is open.", { address: admin.address });

  const stopped = toldToStop();
  const showTable = () => {
    // Told to stop in the middle of starting, there is nothing to show.
    if (supervisor.status.some(({ state }) => state !== "ready")) return;
    process.stdout.write(`\n${describe(topology, supervisor.status)}\n`);
  };
  try {
    await Promise.race([supervisor.start().then(showTable), stopped]);
  } catch (error) {
    await Promise.all([supervisor.stop(), admin.close()]);
    process.stderr.write(`${(error as Error).message}\n`);
    return configurationExitCode;
  }
  await stopped;
  process.stdout.write("\n");
  logger.info("Stopping every process.");
  await Promise.all([supervisor.stop(), admin.close()]);
  return 0;
}

/** Why a process can only be at work once at a time. */
function reasonToBeAlone(
  { topology, modules }: System,
  spec: ProcessSpec,
  sockets: ReadonlyMap<string, object>,
): string | undefined {
  const [module] = onSqlite(topology, spec, modules);
  if (module !== undefined) {
    return `${module} is on SQLite, which one process owns; put it on PostgreSQL: database: { ${module}: postgres }`;
  }
  const fixed = Object.values(spec.listen).find((address) => address !== "");
  if (fixed !== undefined) return `it listens at ${fixed}; leave the address out of processes.${spec.name}.listen`;
  if (spec.gateway === undefined || sockets.has(spec.name)) return undefined;
  return "its gateway's address cannot be handed over here; give it as a number";
}

/** The table that a person sees when everything is up. */
function describe(topology: Topology, statuses: readonly ProcessStatus[]): string {
  const rows = statuses.map(({ name, process, pid, addresses }) => {
    const { modules } = topology.processes.find((spec) => spec.name === process)!;
    const { gateway, admin: _admin, ...listeners } = addresses;
    const transports = new Set([...Object.keys(listeners), ...(gateway === undefined ? [] : ["gateway"])]);
    const places = [gateway, ...Object.values(listeners)].filter((place) => place !== undefined);
    return [name, String(pid), modules.join(" ") || "-", [...transports].join(" ") || "-", places.join(" ") || "-"];
  });
  return table(["process", "pid", "modules", "transport", "address"], rows);
}
