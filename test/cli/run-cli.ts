import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";
import type { Command, Ended } from "./cli-host.js";

// Every test here waits for whole processes, on a machine that may be busy with others.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** The project's folder. */
export const root = fileURLToPath(new URL("../../", import.meta.url));
/** The built command line. */
export const main = join(root, "dist/src/cli/main.js");

export interface CliOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Another program in place of this Node. */
  readonly node?: string;
  /** Comes before the command, as `ip netns exec NAME` does. */
  readonly within?: readonly string[];
}

/** A command line under way. */
export interface Cli {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Everything it has printed so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves with its exit code, or null where a signal ended it. */
  readonly exited: Promise<number | null>;
}

// What the person who runs the tests has set must not reach the commands under test.
const quiet = {
  PORT: "0",
  ADMIN_PORT: "0",
  HOST: "",
  DATA_DIR: "",
  LOG_LEVEL: "",
  LOG_FORMAT: "",
  PANGAEA_ADDRESSES: "",
};

const environment = (env: CliOptions["env"]): Record<string, string> => {
  const all = Object.entries({ ...process.env, ...quiet, ...env });
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== undefined));
};

/** Starts the built command line as a process of its own. */
export function startCli(args: readonly string[], options: CliOptions = {}): Cli {
  const words = [...(options.within ?? []), options.node ?? process.execPath, main, ...args];
  const child = spawn(words[0]!, words.slice(1), {
    cwd: options.cwd ?? root,
    stdio: ["ignore", "pipe", "pipe"],
    env: environment(options.env),
  });
  const printed = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => (printed[name] += text));
  }
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, pid: child.pid!, stdout: () => printed.stdout, stderr: () => printed.stderr, exited };
}

/** Runs a command line as a process of its own, to its end. */
export async function runProcess(args: readonly string[], options: CliOptions = {}) {
  const cli = startCli(args, options);
  const code = await cli.exited;
  return { code, stdout: cli.stdout(), stderr: cli.stderr() };
}

let host: ChildProcess | undefined;
let last: Promise<unknown> = Promise.resolve();

/** Runs a command that starts no system to its end, in a process that runs one such command after another. */
export function runCli(args: readonly string[], { cwd = root, env }: Omit<CliOptions, "node"> = {}): Promise<Ended> {
  const command: Command = { args, cwd, env: environment(env) };
  const ended = last.then(async () => {
    // It ends with this process, whose channel to it then closes.
    host ??= fork(join(root, "dist/test/cli/cli-host.js"), {
      execArgv: [],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    host.send(command);
    const [message] = (await once(host, "message")) as [Ended];
    return message;
  });
  last = ended.catch(() => undefined);
  return ended;
}

/** Polls until `condition` gives something, and fails with what `describe` says if it does not in time. */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  describe: () => string,
  withinMs = 180_000,
): Promise<NonNullable<T>> {
  const giveUp = performance.now() + withinMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== null && value !== false) return value;
    if (performance.now() > giveUp) throw new Error(`not within ${withinMs} ms: ${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Waits until the gateway at `url` says that everything is ready. */
export const becomesReady = (cli: Cli, url: string): Promise<boolean> =>
  eventually(
    async () => {
      if (cli.child.exitCode !== null) throw new Error(`ended with ${cli.child.exitCode}: ${cli.stderr()}`);
      const response = await fetch(`${url}/readyz`).catch(() => undefined);
      return response?.ok;
    },
    () => `${url} ready: ${cli.stdout()}${cli.stderr()}`,
  );

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A temporary folder with these files. */
export function folderWith(files: Readonly<Record<string, string>>): { path: string; remove: () => void } {
  // Without symbolic links in its path, so that it reads the same in every message.
  const path = realpathSync(mkdtempSync(join(tmpdir(), "pangaea-cli-")));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Goes into a topology of the shop that has its users only. */
export const usersOnly = "without: [catalog, inventory, notifications, orders, payments, storefront]\n";

/** A project with topologies of its own and the shop's modules. */
export const projectWith = (topologies: Readonly<Record<string, string>>) =>
  folderWith({
    "package.json": JSON.stringify({ name: "corner-shop", pangaea: { modules: join(root, "dist/modules") } }),
    ...Object.fromEntries(Object.entries(topologies).map(([name, text]) => [`config/${name}.yaml`, text])),
  });
