import { Agent } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { percentile } from "../chaos/report.js";
import { projectFolder } from "../scenarios/layouts.js";
import { exchange } from "./exchange.js";
import { Stalls } from "./stalls.js";
import { startSupervised } from "./rolling-restart.js";

type Sickness = "loop" | "leak";

/** What the others' customers noticed. Lengths are milliseconds. */
export interface Noticed {
  readonly sickness: Sickness;
  readonly requests: number;
  readonly failed: number;
  readonly p99BeforeMs: number;
  readonly p99DuringMs: number;
  readonly longestStallMs: number;
}

export interface SickNeighbourOptions {
  readonly topology: string;
  readonly env: Readonly<Record<string, string>>;
  readonly sickness: Sickness;
  readonly perSecond: number;
  /** As long before as during. */
  readonly forMs: number;
}

const giveUpMs = 10_000;
/** It takes no part in what is asked for. */
const sick = "notifications";

/** Customers look at products, at a constant rate, before and while another module is sick. */
export async function sickNeighbour(options: SickNeighbourOptions): Promise<Noticed> {
  const { topology, env, sickness, perSecond, forMs } = options;
  const loaded = pathToFileURL(join(projectFolder, "dist/test/faults/sick.js")).href;
  const shop = await startSupervised(topology, { ...env, SICKNESS: sickness, NODE_OPTIONS: `--import=${loaded}` });
  const agent = new Agent({ keepAlive: true });
  const stalls = new Stalls();
  try {
    let failed = 0;
    const look = async (latenciesMs: number[]): Promise<void> => {
      const begunAt = performance.now();
      const answer = await exchange(`${shop.system.url}/products`, { method: "GET", agent, giveUpMs }).catch(
        () => undefined,
      );
      if (answer?.status !== 200) failed++;
      latenciesMs.push(performance.now() - begunAt);
    };
    const lookFor = async (ms: number): Promise<number[]> => {
      const latenciesMs: number[] = [];
      const under: Promise<void>[] = [];
      for (let n = 0, begunAt = performance.now(); n < (ms * perSecond) / 1_000; n++) {
        await pause(Math.max(0, begunAt + (n * 1_000) / perSecond - performance.now()));
        under.push(look(latenciesMs));
      }
      await Promise.all(under);
      return latenciesMs;
    };
    // What has just started is slow at first.
    await lookFor(forMs);
    failed = 0;
    const before = await lookFor(forMs);
    const { pid } = (await shop.processes()).find(({ name }) => name === sick)!;
    process.kill(pid!, "SIGUSR2");
    const during = await lookFor(forMs);
    stalls.stop();
    return {
      sickness,
      requests: before.length + during.length,
      failed,
      p99BeforeMs: percentile(before, 0.99)!,
      p99DuringMs: percentile(during, 0.99)!,
      longestStallMs: Math.round(stalls.longestMs),
    };
  } finally {
    agent.destroy();
    for (const { pid, name } of await shop.processes())
      if (name === sick && pid !== undefined) process.kill(pid, "SIGKILL");
    await shop.system.stop();
  }
}
