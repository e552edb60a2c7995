import { join } from "node:path";
import { freePort, launch, type Launched } from "../../src/testing/launch.js";
import type { ProcessStatus } from "../../src/runtime/supervisor.js";
import { projectFolder } from "../scenarios/layouts.js";
import { exchange } from "./exchange.js";
import { KeepAliveLoad, type Observed } from "./keep-alive-load.js";

/** A shop under a supervisor, and its operator. */
export interface Supervised {
  readonly system: Launched;
  processes(): Promise<readonly ProcessStatus[]>;
  /** Asks the supervisor for an operation; rejects where it refuses. */
  operate(operation: string, input: object): Promise<Record<string, unknown>>;
}

export async function startSupervised(
  topology: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Supervised> {
  const adminPort = await freePort();
  const system = await launch({
    topology,
    cwd: projectFolder,
    readyWithinMs: 300_000,
    env: {
      ADMIN_PORT: String(adminPort),
      NODE_COMPILE_CACHE: join(projectFolder, "node_modules/.cache/compiled"),
      ...env,
    },
  });
  // An operation takes as long as it takes.
  const ask = async (method: string, path: string, body?: object) => {
    const { status, text } = await exchange(`http://127.0.0.1:${adminPort}/supervisor/${path}`, { method, body });
    return { isRight: status === 200, answer: JSON.parse(text) as Record<string, unknown> };
  };
  return {
    system,
    processes: async () => (await ask("GET", "processes")).answer.processes as ProcessStatus[],
    async operate(operation, input) {
      const { isRight, answer } = await ask("POST", operation, input);
      if (isRight) return answer;
      throw new Error(`${operation}: ${JSON.stringify(answer)}\n${system.output()}`);
    },
  };
}

export interface RollingRestartOptions {
  /** A deployment is one of the build that runs already. */
  readonly operation: "restart" | "deploy";
  readonly clients: number;
  /** How many requests are made at least: before, during and after. */
  readonly requests: number;
}

export interface RollingRestart {
  /** How often every process was replaced. */
  readonly rounds: number;
  readonly replaced: readonly string[];
  readonly observed: Observed;
}

const watchMs = 1_000;

/** Replaces every process of a shop, again and again, until its customers have made so many requests. */
export async function rollingRestart(
  { system, processes, operate }: Supervised,
  { operation, clients, requests }: RollingRestartOptions,
): Promise<RollingRestart> {
  const load = new KeepAliveLoad(system.url);
  try {
    await load.start(clients);
    let rounds = 0;
    let replaced: readonly string[] = [];
    do {
      const before = new Set((await processes()).map(({ pid }) => pid));
      const input = operation === "restart" ? {} : { build: projectFolder, watchMs };
      const answer = await operate(operation, input);
      const kept = (await processes()).filter(({ pid }) => before.has(pid));
      if (kept.length > 0) throw new Error(`not replaced: ${kept.map(({ name }) => name).join(", ")}`);
      [replaced, rounds] = [(answer.restarted ?? answer.deployed) as string[], rounds + 1];
    } while (load.observed.requests < requests / 2);
    await load.reach(requests);
    return { rounds, replaced, observed: await load.stop() };
  } finally {
    await load.stop();
  }
}
