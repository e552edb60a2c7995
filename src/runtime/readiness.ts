import type { Clock } from "../core/clock.js";
import type { Context } from "../core/context.js";
import { isError } from "../core/error.js";
import type { Readiness } from "../core/gateway.js";
import type { Registry } from "../core/registry.js";
import type { ProcessSpec, Topology } from "../core/topology.js";
import type { AbsentModules } from "./absent-modules.js";
import type { Connections } from "./connections.js";
import { ModuleHealth } from "./module-health.js";
import type { RunningModule } from "./module-runtime.js";

type Waiting = Readiness["waitingFor"][number];

const readinessDeadlineMs = 1_000;

/**
 * What keeps another process from being ready. It is asked over every transport by which its services are called: one of
 * them may be away while the others answer. Never rejects.
 */
async function readinessOf(
  process: ProcessSpec,
  connections: Connections,
  context: () => Context,
): Promise<readonly Waiting[]> {
  const answers = await Promise.all(
    connections.processClients(process).map(async (client): Promise<readonly Waiting[]> => {
      try {
        return (await client.ready({}, context())).waitingFor;
      } catch (error) {
        return [{ name: `process ${process.name}`, reason: isError(error) ? error.message : "it could not be asked" }];
      }
    }),
  );
  // What the process says of itself comes over each of them.
  const all = answers.flat().map((waiting) => [`${waiting.name} ${waiting.reason}`, waiting] as const);
  return [...new Map(all).values()];
}

export interface ProcessReadinessOptions {
  readonly topology: Topology;
  readonly process: ProcessSpec;
  /** The modules that run here now. */
  readonly running: ReadonlyMap<string, RunningModule>;
  readonly absent: AbsentModules;
  readonly clock: Clock;
  readonly connections: Connections;
  readonly registry: Registry;
  readonly context: (deadlineMs: number) => Context;
}

/** What a process waits for, and what every process that it can ask does. */
export class ProcessReadiness {
  readonly #health: ModuleHealth;

  constructor(private readonly options: ProcessReadinessOptions) {
    this.#health = new ModuleHealth(options.clock);
  }

  async own(): Promise<Readiness> {
    const { process, running, absent, registry } = this.options;
    const missing = process.modules.filter((name) => !running.has(name));
    const waiting = missing.map((name) => ({ name, reason: absent.reasonOf(name) }));
    if (registry.missing !== undefined) waiting.push({ name: "registry", reason: registry.missing });
    return { waitingFor: [...waiting, ...(await this.#health.waitingFor(running.values()))] };
  }

  async all(): Promise<Readiness> {
    const { topology, process, connections, context } = this.options;
    const others = topology.processes.filter((other) => other !== process && other.modules.length > 0);
    const [own, ...answers] = await Promise.all([
      this.own().then(({ waitingFor }) => waitingFor),
      ...others.map((other) => readinessOf(other, connections, () => context(readinessDeadlineMs))),
    ]);
    return { waitingFor: [...own, ...answers.flat()] };
  }
}
