import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { systemIds } from "../core/ids.js";
import type { ProcessSpec } from "../core/topology.js";
import type { Child, SpawnOptions } from "../runtime/supervisor.js";
import { mainOf } from "./build.js";
import { childOf, handSocket } from "./process-line.js";

export interface ChildProcessesOptions {
  /** The topology file, as an absolute path. */
  readonly topology: string;
  readonly env: NodeJS.ProcessEnv;
  /** Process name → the socket of its gateway. */
  readonly sockets: ReadonlyMap<string, object>;
  /** Of the column in which each line says who has printed it. */
  readonly width: number;
}

const ownMain = fileURLToPath(new URL("./main.js", import.meta.url));

/** Starts processes of a topology as children of this one; what they print comes out here, each line with its name. */
export function childProcesses(options: ChildProcessesOptions): (spec: ProcessSpec, how: SpawnOptions) => Child {
  const { topology, env, sockets, width } = options;
  return (spec, { name, waits, build }) => {
    const socket = sockets.get(spec.name);
    const main = build === undefined ? ownMain : mainOf(build);
    const child = spawn(
      process.execPath,
      ["--enable-source-maps", main, "start", "--topology", topology, "--process", spec.name],
      {
        stdio: ["ignore", "pipe", "pipe", "ipc"],
        cwd: build,
        env: {
          ...env,
          PANGAEA_INSTANCE: `${name}-${systemIds.hex(4)}`,
          ...(waits ? { PANGAEA_TURN: "wait" } : {}),
          ...(socket === undefined ? {} : { PANGAEA_SOCKET: "handed" }),
        },
      },
    );
    if (socket !== undefined) handSocket(child, socket);
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on("line", (line) =>
        process.stdout.write(`${name.padEnd(width)} | ${line}\n`),
      );
    }
    return childOf(child);
  };
}
