import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import { fileURLToPath } from "node:url";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  readonly redis: string;
  readonly commit: string;
  readonly date: string;
}

/** The project's root, seen from the built file. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

const firstLine = (command: string, ...args: string[]): string => {
  try {
    return execFileSync(command, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "unknown";
  }
};

export function describeMachine(): Machine {
  const changed = firstLine("git", "status", "--porcelain", "--untracked-files=no") !== "";
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.versions.node,
    redis: /v=([\d.]+)/.exec(firstLine("redis-server", "--version"))?.[1] ?? "none",
    commit: `${firstLine("git", "rev-parse", "--short=12", "HEAD")}${changed ? ", with changes" : ""}`,
    date: new Date().toISOString().slice(0, 10),
  };
}

/** The installed versions of the peers' packages. */
export const versionsOf = (packages: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    packages.map((name) => {
      const manifest = readFileSync(`${root}bench/node_modules/${name}/package.json`, "utf8");
      return [name, (JSON.parse(manifest) as { version: string }).version];
    }),
  );
