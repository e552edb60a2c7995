import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../src/testing/index.js";
import { root } from "../machine.js";
import { argumentsOf, familyOf } from "./measure.js";

/** A shop that runs as processes of its own, seen from outside. */
export interface System {
  readonly url: string;
  /** Every process of it, broker included, by name. */
  readonly processes: ReadonlyMap<number, string>;
  stop(): Promise<void>;
}

/** What a system is given to stand on. */
export interface Place {
  /** A folder in which it gets one of its own. */
  readonly dataRoot: string;
  /** The broker, for a system that uses one. */
  readonly redis?: { readonly url: string; readonly pid: number };
  /** More of its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

const readyWithinMs = 300_000;
const services = ["users", "catalog", "inventory", "payments", "orders", "notifications"];

/** A topology of the shop, started by the command line as users start it. */
export const pangaea =
  (command: "start" | "split", topology: string, overRedis = false) =>
  async ({ dataRoot, redis, env }: Place): Promise<System> => {
    const port = await freePort();
    const dataDir = mkdtempSync(join(dataRoot, "pangaea-"));
    const child = run([`${root}dist/src/cli/main.js`, command, "--topology", topology], {
      PORT: String(port),
      ADMIN_PORT: "0",
      DATA_DIR: dataDir,
      ...(redis && { REDIS_URL: redis.url }),
      ...env,
    });
    const url = `http://127.0.0.1:${port}`;
    await ready(url, [child]);
    const names = new Map(familyOf(child.pid!).map((pid) => [pid, nameOf(pid, command)]));
    if (overRedis && redis !== undefined) names.set(redis.pid, "redis-server");
    return { url, processes: names, stop: () => end([child], dataDir, "SIGINT") };
  };

/** The name of a process in its topology. */
function nameOf(pid: number, command: "start" | "split"): string {
  const given = argumentsOf(pid);
  const at = given.indexOf("--process");
  return at >= 0 ? given[at + 1]! : command === "start" ? "shop" : "supervisor";
}

/** The same flows as services of their own: `bench/shop/status-quo`. */
export async function statusQuo({ dataRoot }: Place): Promise<System> {
  const dataDir = mkdtempSync(join(dataRoot, "status-quo-"));
  const names = [...services, "edge"];
  const ports = new Map<string, number>();
  for (const name of names) ports.set(name, await freePort());
  const urls = Object.fromEntries(
    services.map((name) => [`${name.toUpperCase()}_URL`, `http://127.0.0.1:${ports.get(name)}`]),
  );
  const children = names.map((name) =>
    run(["--enable-source-maps", `${root}dist/bench/shop/status-quo/${name}.js`], {
      ...urls,
      PORT: String(ports.get(name)),
      DATA_DIR: dataDir,
    }),
  );
  const url = `http://127.0.0.1:${ports.get("edge")}`;
  await ready(url, children);
  return {
    url,
    processes: new Map(children.map(({ pid }, index) => [pid!, names[index]!])),
    stop: () => end(children, dataDir, "SIGTERM"),
  };
}

function run(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, NODE_ENV: "production", LOG_LEVEL: "warn", ...env },
  });
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  return child;
}

/** Waits until `/readyz` says so; leaves nothing running where it does not. */
async function ready(url: string, children: readonly ChildProcess[]): Promise<void> {
  try {
    await becomesReady(url, children);
  } catch (error) {
    for (const child of children) child.kill("SIGKILL");
    throw error;
  }
}

async function becomesReady(url: string, children: readonly ChildProcess[]): Promise<void> {
  const giveUp = performance.now() + readyWithinMs;
  while (performance.now() < giveUp) {
    const gone = children.find(({ exitCode }) => exitCode !== null);
    if (gone !== undefined) throw new Error(`${gone.spawnargs.join(" ")} ended with exit code ${gone.exitCode}`);
    try {
      const { ok } = await fetch(`${url}/readyz`);
      if (ok) return;
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${url} was not ready after ${readyWithinMs} ms`);
}

async function end(children: readonly ChildProcess[], dataDir: string, signal: "SIGINT" | "SIGTERM"): Promise<void> {
  await Promise.all(
    children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill(signal);
      await exited;
    }),
  );
  rmSync(dataDir, { recursive: true, force: true });
}
