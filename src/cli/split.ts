import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { systemClock } from "../core/clock.js";
import { systemIds } from "../core/ids.js";
import type { ProcessSpec, Topology } from "../core/topology.js";
import { createLogger } from "../observability/pino-logger.js";
import { readSettings } from "../runtime/settings.js";
import { configurationExitCode, type ProcessStatus, Supervisor } from "../runtime/supervisor.js";
import { loadSystem } from "./load-system.js";
import { childOf } from "./process-line.js";
import { table } from "./table.js";
import { toldToStop } from "./told-to-stop.js";

const mainFile = fileURLToPath(new URL("./main.js", import.meta.url));

/** Runs every process of a topology on this machine until Ctrl-C. */
export async function split(options: { topology: string }): Promise<number> {
  const settings = readSettings(process.env);
  const { topology } = await loadSystem(options.topology);
  const { logLevel: level, logFormat: format } = settings;
  const logger = createLogger({ level, format, fields: { process: "supervisor" } });
  // Two systems on one broker must not hear each other.
  const namespace = settings.namespace ?? `${topology.name}-${systemIds.hex(4)}`;
  const width = Math.max(...topology.processes.map(({ name }) => name.length), "supervisor".length);

  const start = (spec: ProcessSpec) => {
    const child = spawn(
      process.execPath,
      ["--enable-source-maps", mainFile, "start", "--topology", options.topology, "--process", spec.name],
      {
        stdio: ["ignore", "pipe", "pipe", "ipc"],
        // The supervisor has the operator's port, and asks them at theirs.
        env: { ...process.env, PANGAEA_NAMESPACE: namespace, ADMIN_PORT: "0" },
      },
    );
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on("line", (line) =>
        process.stdout.write(`${spec.name.padEnd(width)} | ${line}\n`),
      );
    }
    return childOf(child);
  };

  const supervisor = new Supervisor({ topology, spawn: start, clock: systemClock, logger });
  const stopped = toldToStop();
  const showTable = () => {
    // Told to stop in the middle of starting, there is nothing to show.
    if (supervisor.status.some(({ state }) => state !== "ready")) return;
    process.stdout.write(`\n${describe(topology, supervisor.status)}\n`);
  };
  try {
    await Promise.race([supervisor.start().then(showTable), stopped]);
  } catch (error) {
    await supervisor.stop();
    process.stderr.write(`${(error as Error).message}\n`);
    return configurationExitCode;
  }
  await stopped;
  process.stdout.write("\n");
  logger.info("Stopping every process.");
  await supervisor.stop();
  return 0;
}

/** The table that a person sees when everything is up. */
function describe(topology: Topology, statuses: readonly ProcessStatus[]): string {
  const rows = statuses.map(({ name, pid, addresses }) => {
    const { modules } = topology.processes.find((spec) => spec.name === name)!;
    const { gateway, admin: _admin, ...listeners } = addresses;
    const transports = new Set([...Object.keys(listeners), ...(gateway === undefined ? [] : ["gateway"])]);
    const places = [gateway, ...Object.values(listeners)].filter((place) => place !== undefined);
    return [name, String(pid), modules.join(" ") || "-", [...transports].join(" ") || "-", places.join(" ") || "-"];
  });
  return table(["process", "pid", "modules", "transport", "address"], rows);
}
