import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { freePort, launch, type Launched } from "../../src/testing/launch.js";
import type { ProcessStatus } from "../../src/runtime/supervisor.js";
import { projectRoot } from "../../src/runtime/project.js";
import { KeepAliveLoad, type Observed } from "./keep-alive-load.js";

const root = projectRoot(fileURLToPath(new URL(".", import.meta.url)));

/** A shop under a supervisor, and its operator. */
export interface Supervised {
  readonly system: Launched;
  processes(): Promise<readonly ProcessStatus[]>;
  /** Asks the supervisor for an operation; rejects where it refuses. */
  operate(operation: string, input: object): Promise<Record<string, unknown>>;
}

export async function startSupervised(topology: string): Promise<Supervised> {
  const adminPort = await freePort();
  const system = await launch({
    topology,
    cwd: root,
    readyWithinMs: 300_000,
    env: { ADMIN_PORT: String(adminPort), NODE_COMPILE_CACHE: join(root, "node_modules/.cache/compiled") },
  });
  const at = (path: string) => `http://127.0.0.1:${adminPort}/supervisor/${path}`;
  return {
    system,
    async processes() {
      const response = await fetch(at("processes"));
      return ((await response.json()) as { processes: ProcessStatus[] }).processes;
    },
    async operate(operation, input) {
      const headers = { "content-type": "application/json" };
      const response = await fetch(at(operation), { method: "POST", headers, body: JSON.stringify(input) });
      const answer = (await response.json()) as Record<string, unknown>;
      if (response.ok) return answer;
      throw new Error(`${operation}: ${JSON.stringify(answer)}\n${system.output()}`);
    },
  };
}

export interface RollingRestartOptions {
  readonly topology: string;
  readonly clients: number;
  /** How many requests are made at least: before, during and after the restarts. */
  readonly requests: number;
}

export interface RollingRestart {
  /** How often every process was replaced. */
  readonly rounds: number;
  readonly replaced: readonly string[];
  readonly observed: Observed;
}

/** Replaces every process of a shop, again and again, until its customers have made so many requests. */
export async function rollingRestart({ topology, clients, requests }: RollingRestartOptions): Promise<RollingRestart> {
  const { system, processes, operate } = await startSupervised(topology);
  const load = new KeepAliveLoad(system.url);
  try {
    await load.start(clients);
    let rounds = 0;
    let replaced: readonly string[] = [];
    do {
      const before = new Set((await processes()).map(({ pid }) => pid));
      // One at a time, so that no answer of the operator's listener takes longer than its client waits.
      const names: string[] = [];
      for (const name of new Set((await processes()).map(({ process }) => process))) {
        names.push(...((await operate("restart", { process: name })).restarted as string[]));
      }
      const kept = (await processes()).filter(({ pid }) => before.has(pid));
      if (kept.length > 0) throw new Error(`not replaced: ${kept.map(({ name }) => name).join(", ")}`);
      [replaced, rounds] = [names, rounds + 1];
    } while (load.observed.requests < requests / 2);
    await load.reach(requests);
    return { rounds, replaced, observed: await load.stop() };
  } finally {
    await load.stop();
    await system.stop();
  }
}
