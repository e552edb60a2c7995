import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";

/** A redis-server of one's own, which keeps nothing on disk and listens on loopback only. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Of the process that runs now, or of the last one. */
  readonly pid: number;
  /** SIGKILL: the broker dies without a word. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  /** A new, empty process on the same port; kills the present one if it still runs. */
  restart(): Promise<void>;
  /** Ends it for good. */
  stop(): Promise<void>;
}

export interface RedisServerOptions {
  /** By default a free one. */
  readonly port?: number;
  /** More of the command line. */
  readonly args?: readonly string[];
  /** Its working folder. */
  readonly folder?: string;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** The process id of the Redis that listens on `port`, or undefined. */
function listenerPid(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("INFO server\r\n"));
    let text = "";
    const done = (pid?: number) => {
      socket.destroy();
      resolve(pid);
    };
    socket.setTimeout(1_000, () => done());
    socket.on("error", () => done());
    socket.on("close", () => done());
    socket.on("data", (data) => {
      text += data.toString();
      const match = /process_id:(\d+)\r/.exec(text);
      if (match !== null) done(Number(match[1]));
    });
  });
}

/** Starts a process and waits until it is the one that listens; false where it ended or another one has the port. */
async function launch(port: number, { args = [], folder = tmpdir() }: RedisServerOptions) {
  const own = ["--port", String(port), "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"];
  const child = spawn("redis-server", [...own, ...args], { stdio: "ignore", cwd: folder });
  let ended: Error | true | undefined;
  child.once("error", (error) => (ended = error));
  child.once("exit", () => (ended = true));
  for (;;) {
    const pid = await listenerPid(port);
    if (pid !== undefined && pid === child.pid) return child;
    if (ended instanceof Error) throw new Error(`redis-server does not start: ${ended.message}`);
    if (ended === true) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/**
 * Starts a redis-server of the test's own, by default on a free port, and returns when it answers. It ends with the
 * test's process; no other process is ever touched. Rejects where a given port is taken.
 */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const start = async (wanted: number | undefined): Promise<{ child: ChildProcess; port: number }> => {
    for (let tries = 0; tries < 10; tries++) {
      const port = wanted ?? (await freePort());
      const child = await launch(port, options);
      if (child !== undefined) return { child, port };
      if (wanted !== undefined) break;
    }
    throw new Error(`redis-server does not start on port ${wanted ?? "(free)"}: something else listens there`);
  };
  const first = await start(options.port);
  const { port } = first;
  let { child } = first;
  const onExit = () => void child.kill("SIGKILL");
  process.once("exit", onExit);
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return child.pid!;
    },
    kill: () => end(child),
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    async restart() {
      await end(child);
      ({ child } = await start(port));
    },
    async stop() {
      process.off("exit", onExit);
      await end(child);
    },
  };
}
