import { resolve } from "node:path";
import type { ProcessStatus } from "../runtime/supervisor.js";
import { askSupervisor, processTable } from "./ask-supervisor.js";
import { jsonText } from "./table.js";
import { UsageError } from "./usage-error.js";

export interface RolloutOptions {
  readonly url?: string;
  readonly json?: boolean;
}

/** Replaces the processes of a running system, or one, by new ones, without a request being lost. */
export const restart = (process: string | undefined, options: RolloutOptions): Promise<number> =>
  operate("restart", { process }, options);

/** Runs so many of a process side by side: `web=3`. */
export function scale(wish: string, options: RolloutOptions): Promise<number> {
  const [, process, count] = /^([a-z][a-z0-9-]*)=(\d{1,3})$/.exec(wish) ?? [];
  if (process === undefined) throw new UsageError(`"${wish}": write process=number, such as web=3.`);
  return operate("scale", { process, replicas: Number(count) }, options);
}

/** Replaces the processes of a running system by those of a new build, watches them, and takes it back where it is worse. */
export const deploy = (folder: string, { watch, ...options }: RolloutOptions & { watch?: number }): Promise<number> =>
  operate("deploy", { build: resolve(folder), watchMs: watch }, options);

async function operate(operation: string, input: object, options: RolloutOptions): Promise<number> {
  const answer = await askSupervisor(operation, input, options);
  if (answer === undefined) return 1;
  const { processes } = answer as { processes: readonly ProcessStatus[] };
  process.stdout.write(options.json === true ? jsonText(answer) : `${processTable(processes)}\n`);
  return 0;
}
