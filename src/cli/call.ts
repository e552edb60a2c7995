import type { Contract } from "../core/contract.js";
import { reporting } from "./ask.js";
import { loadProjectModules } from "./load-system.js";
import { insteadOf } from "./nearest.js";
import { jsonText } from "./table.js";
import { UsageError } from "./usage-error.js";

export interface CallOptions {
  /** Any process that speaks HTTP; by default this environment's admin listener. */
  readonly url?: string;
  readonly key?: string;
  /** In milliseconds; by default the procedure's own. */
  readonly deadline?: number;
}

/** Calls a procedure of a running system and prints its output, or its error, as the service gave it. */
export async function call(target: string, json: string, options: CallOptions): Promise<number> {
  const { contract, method } = await findProcedure(target);
  const input = parse(json);
  return reporting(options, async (ask) => {
    const output = await ask(contract, method, input, { key: options.key, deadlineMs: options.deadline });
    process.stdout.write(jsonText(output));
    return 0;
  });
}

async function findProcedure(target: string): Promise<{ contract: Contract; method: string }> {
  const [service = "", method = "", ...rest] = target.split(".");
  if (service === "" || method === "" || rest.length > 0) {
    throw new UsageError(`"${target}" is no procedure; write service.method, as "pangaea contracts" lists them.`);
  }
  const modules = await loadProjectModules();
  const contract = modules.get(service)?.contract;
  if (contract === undefined) {
    throw new UsageError(`there is no service "${service}". ${insteadOf(service, [...modules.keys()])}`);
  }
  const methods = Object.keys(contract.procedures);
  if (!methods.includes(method)) {
    throw new UsageError(`${service} has no procedure "${method}". ${insteadOf(method, methods)}`);
  }
  return { contract, method };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    const why = (error as Error).message;
    throw new UsageError(`the input is not JSON (${why}); write it in single quotes: '{"id": "u_1"}'`);
  }
}
