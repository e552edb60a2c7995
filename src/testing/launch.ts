import { type ChildProcess, spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { dataFolder } from "./data-folder.js";

export interface LaunchOptions {
  readonly topology: string;
  /** The built command line; by default this package's own. */
  readonly main?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Kept after the end if given; else a temporary folder. */
  readonly dataDir?: string;
  readonly port?: number;
  /** How long it may take until `/readyz` says ready. Milliseconds. */
  readonly readyWithinMs?: number;
}

/** A system that runs as operating system processes of its own. */
export interface Launched {
  readonly url: string;
  readonly port: number;
  /** The supervisor. */
  readonly pid: number;
  readonly dataDir: string;
  /** Everything it has printed. */
  output(): string;
  /** Asks it to drain and stop, as Ctrl-C does, and waits until all of it is gone; resolves with its exit code. */
  stop(): Promise<number | null>;
}

/** A port of loopback that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

const ownMain = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url)).replace("/dist/dist/", "/dist/");

/** Runs `pangaea split` on a topology and waits until its gateway says that everything is ready. */
export async function launch(options: LaunchOptions): Promise<Launched> {
  const port = options.port ?? (await freePort());
  const dataDir = options.dataDir ?? (await dataFolder());
  const child = spawn(process.execPath, [options.main ?? ownMain, "split", "--topology", options.topology], {
    cwd: options.cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, PORT: String(port), ADMIN_PORT: "0", DATA_DIR: dataDir, ...options.env },
  });
  const printed: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => printed.push(chunk.toString()));
  // A test that is given up on must not leave a system running.
  const killAtExit = () => void child.kill("SIGKILL");
  process.once("exit", killAtExit);
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  void exited.then(() => process.off("exit", killAtExit));
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill("SIGINT");
    const code = await exited;
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    return code;
  };
  const output = () => printed.join("");
  try {
    await becomesReady(url, child, options.readyWithinMs ?? 120_000);
  } catch (error) {
    await stop();
    throw new Error(`${options.topology} did not become ready: ${(error as Error).message}\n${output()}`, {
      cause: error,
    });
  }
  return { url, port, pid: child.pid!, dataDir, output, stop };
}

async function becomesReady(url: string, child: ChildProcess, withinMs: number): Promise<void> {
  const giveUp = performance.now() + withinMs;
  let last = "nothing answered";
  while (performance.now() < giveUp) {
    if (child.exitCode !== null) throw new Error(`it ended with exit code ${child.exitCode}`);
    try {
      const response = await fetch(`${url}/readyz`);
      if (response.ok) return;
      last = await response.text();
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`after ${withinMs} ms: ${last}`);
}
