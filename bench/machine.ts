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
  /** The share of its processors' time that a virtual machine's host gave to others during the run; undefined off Linux. */
  readonly withheld: number | undefined;
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

/** The processors' time so far, from Linux's accounts, in ticks. */
export interface ProcessorTime {
  readonly all: number;
  readonly withheld: number;
}

export function processorTime(): ProcessorTime | undefined {
  let text: string;
  try {
    text = readFileSync("/proc/stat", "utf8");
  } catch {
    return undefined;
  }
  // user, nice, system, idle, iowait, irq, softirq, steal
  const ticks = text.split("\n", 1)[0]!.split(/\s+/).slice(1, 9).map(Number);
  return { all: ticks.reduce((sum, each) => sum + each, 0), withheld: ticks[7]! };
}

function withheldSince(before: ProcessorTime | undefined): number | undefined {
  const now = processorTime();
  return before && now && (now.withheld - before.withheld) / (now.all - before.all);
}

/** The machine as it is, and as it was since `before`. */
export function describeMachine(before: ProcessorTime | undefined): Machine {
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
    withheld: withheldSince(before),
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
