import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./launch.js";

/** An etcd of one's own, of one member, on loopback, whose data is gone at each restart. */
export interface EtcdServer {
  readonly url: string;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  /** A new, empty one on the same port; kills the present one if it still runs. */
  restart(): Promise<void>;
  /** Ends it for good. */
  stop(): Promise<void>;
}

/** Why no etcd can be started here; undefined where one can, or where it must. */
export const etcdMissing = (): string | undefined =>
  process.env.CI !== "true" && spawnSync("etcd", ["--version"]).status !== 0
    ? "etcd is not installed: apt-get install -y --no-install-recommends etcd-server"
    : undefined;

async function isUp(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2_000) });
    return response.ok && (await response.text()).includes("true");
  } catch {
    return false;
  }
}

/** Undefined where it ended instead, for instance because somebody else has taken a port. */
async function begin(host: string, port: number): Promise<{ child: ChildProcess; folder: string } | undefined> {
  // It waits for the disk at every write, and nothing of it is to last.
  const folder = await mkdtemp(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "pangaea-etcd-"));
  const url = `http://${host}:${port}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  const child = spawn(
    "etcd",
    [
      ["--name", "one", "--data-dir", folder, "--log-level", "error"],
      ["--listen-client-urls", url, "--advertise-client-urls", url],
      ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", `one=${peer}`],
    ].flat(),
    { stdio: "ignore", env: { PATH: process.env.PATH } },
  );
  const failed: Error[] = [];
  child.once("error", (error) => failed.push(error));
  while (failed.length === 0 && child.exitCode === null) {
    if (await isUp(url)) return { child, folder };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await rm(folder, { recursive: true, force: true });
  const [failure] = failed;
  if (failure !== undefined) throw new Error(`etcd does not start: ${failure.message}`, { cause: failure });
  return undefined;
}

async function end({ child, folder }: { child: ChildProcess; folder: string }): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }
  await rm(folder, { recursive: true, force: true });
}

/** Starts an etcd of the test's own on a free port, and returns when it answers. It ends with the test's process. */
export async function startEtcdServer(host = "127.0.0.1"): Promise<EtcdServer> {
  let port = await freePort();
  let running = await begin(host, port);
  for (let tries = 0; running === undefined && tries < 10; tries++)
    running = await begin(host, (port = await freePort()));
  if (running === undefined) throw new Error("etcd does not start: it ends at once");
  let current = running;
  const onExit = () => void current.child.kill("SIGKILL");
  process.once("exit", onExit);
  return {
    url: `http://${host}:${port}`,
    kill: () => end(current),
    pause: () => void current.child.kill("SIGSTOP"),
    resume: () => void current.child.kill("SIGCONT"),
    async restart() {
      await end(current);
      const next = await begin(host, port);
      if (next === undefined) throw new Error(`etcd does not start again: somebody has taken port ${port}`);
      current = next;
    },
    async stop() {
      process.off("exit", onExit);
      await end(current);
    },
  };
}
