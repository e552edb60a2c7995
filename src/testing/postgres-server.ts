import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { chown, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { dataFolder } from "./data-folder.js";
import { freePort } from "./launch.js";

/** A PostgreSQL server of one's own: loopback only, nothing flushed to a disk, everybody who asks is let in. */
export interface PostgresServer {
  /** Of the database `postgres` and the superuser `pangaea`. */
  readonly url: string;
  readonly port: number;
  /** Ends it at once, as a crash does: connections are cut, and the next start recovers. */
  kill(): Promise<void>;
  /** A new process on the same data and port; kills the present one if it still runs. */
  restart(): Promise<void>;
  /** Ends it for good and removes its data. */
  stop(): Promise<void>;
}

const debianFolder = "/usr/lib/postgresql";

/** Where the server's programs are: of Debian's packages the newest, else what the path finds. Undefined where there are none. */
export function postgresPrograms(): string | undefined {
  const versions = existsSync(debianFolder) ? readdirSync(debianFolder) : [];
  const newest = versions.toSorted((a, b) => Number(b) - Number(a)).find((version) => hasServer(folderOf(version)));
  if (newest !== undefined) return folderOf(newest);
  return process.env.PATH?.split(":").find((folder) => hasServer(folder));
}

const folderOf = (version: string) => join(debianFolder, version, "bin");
const hasServer = (folder: string) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres"));

/** PostgreSQL refuses to run as root, so root lends it another user. */
function unprivileged(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  for (const user of ["postgres", "nobody"]) {
    const [uid, gid] = ["-u", "-g"].map((flag) => spawnSync("id", [flag, user], { encoding: "utf8" }).stdout.trim());
    if (uid !== "" && gid !== "") return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error("PostgreSQL does not run as root, and there is no user postgres or nobody");
}

/** Starts a server on a free port and returns when it takes connections. It ends with the test's process. */
export async function startPostgresServer(): Promise<PostgresServer> {
  const programs = postgresPrograms();
  if (programs === undefined) throw new Error("there is no PostgreSQL here; Debian's package is postgresql");
  const user = unprivileged();
  const folder = await dataFolder("postgres-");
  const data = join(folder, "data");
  await mkdir(data);
  for (const path of [folder, data]) if (user.uid !== undefined) await chown(path, user.uid, user.gid!);
  const begin = (program: string, args: readonly string[]) =>
    spawn(join(programs, program), args, { ...user, cwd: folder, stdio: ["ignore", "ignore", "pipe"] });

  await succeeds(
    begin("initdb", ["-D", data, "-U", "pangaea", "-A", "trust", "--locale=C", "--encoding=UTF8", "--no-sync"]),
  );
  const port = await freePort();
  const settings = ["fsync=off", "max_connections=300", "unix_socket_directories=", "listen_addresses=127.0.0.1"];
  const args = ["-D", data, "-p", String(port), ...settings.flatMap((setting) => ["-c", setting])];
  const start = async () => {
    const started = begin("postgres", args);
    await takesConnections(started, join(data, "postmaster.pid"));
    return started;
  };
  let server = await start();
  const onExit = () => void server.kill("SIGQUIT");
  process.once("exit", onExit);
  return {
    url: `postgres://pangaea@127.0.0.1:${port}/postgres`,
    port,
    kill: () => end(server),
    async restart() {
      await end(server);
      server = await start();
    },
    async stop() {
      process.off("exit", onExit);
      await end(server);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function succeeds(child: ChildProcess): Promise<void> {
  const said = listen(child);
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`initdb failed: ${said()}`);
}

/** The last line of its pid file says how far it is. */
async function takesConnections(server: ChildProcess, pidFile: string): Promise<void> {
  const said = listen(server);
  for (;;) {
    const [pid, ...state] = (await readFile(pidFile, "utf8").catch(() => "")).trim().split("\n");
    if (pid === String(server.pid) && state.at(-1)?.trim() === "ready") return;
    if (server.exitCode !== null) throw new Error(`postgres does not start: ${said()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function listen(child: ChildProcess): () => string {
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2_000)));
  return () => said;
}

/** SIGQUIT is its immediate end; its own children go with it. */
async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, "exit");
  server.kill("SIGQUIT");
  await exited;
}
