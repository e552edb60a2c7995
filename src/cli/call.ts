import { wrap } from "../core/wrap.js";
import { systemClock } from "../core/clock.js";
import { rootContext } from "../core/context.js";
import type { Contract } from "../core/contract.js";
import { Deadlines } from "../core/deadline.js";
import { isError, type PangaeaError } from "../core/error.js";
import { systemIds } from "../core/ids.js";
import { silentLogger } from "../core/logger.js";
import type { Connection } from "../core/transport.js";
import { loadTransport } from "../runtime/project.js";
import { readSettings } from "../runtime/settings.js";
import { createStacks } from "../runtime/stacks.js";
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
  const url = options.url ?? adminUrl();
  const parts = { clock: systemClock, ids: systemIds, logger: silentLogger };
  const createTransport = await loadTransport("http");
  const transport = createTransport({ ...parts, settings: {} });
  try {
    const stacks = createStacks({ ...parts, deadlines: new Deadlines(systemClock) });
    const handler = wrap(stacks.client(contract, method, true), connect(() => transport.connect(url)).call);
    const procedure = contract.procedures[method]!;
    const context = rootContext(systemClock, options.deadline ?? procedure.deadlineMs, { idempotencyKey: options.key });
    const { output } = await handler({
      kind: "request",
      service: contract.name,
      version: contract.version,
      method,
      input,
      effect: procedure.effect,
      attempt: 1,
      caller: "cli",
      context,
    });
    process.stdout.write(jsonText(output));
    return 0;
  } catch (error) {
    if (!isError(error)) throw error;
    process.stderr.write(`${describe(error, url)}\n`);
    return 1;
  } finally {
    await transport.close();
  }
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

function adminUrl(): string {
  const { adminPort } = readSettings(process.env);
  if (adminPort !== 0) return `http://127.0.0.1:${adminPort}`;
  throw new UsageError("with port 0 nobody can know where the system listens; name it with --url http://host:port.");
}

/** An address that the transport cannot read is the command line's fault. */
function connect(open: () => Connection): Connection {
  try {
    return open();
  } catch (error) {
    throw new UsageError(`--url: ${(error as Error).message}`);
  }
}

function describe(error: PangaeaError, url: string): string {
  // An error from the other side leaves its cause there: one with a cause was made here, where nobody could be reached.
  if (error.code === "unavailable" && error.outcome === "not-sent" && error.cause !== undefined) {
    return `Nothing listens at ${url}: start the system (npm start), or name where it listens with --url (or PORT, ADMIN_PORT).`;
  }
  const lines = [`${error.code}${error.reason === undefined ? "" : ` ${error.reason}`}: ${error.message}`];
  if (error.details !== undefined) lines.push(`details: ${JSON.stringify(error.details)}`);
  if (error.outcome === "unknown") {
    // A Pangaea process says of each error what became of the call, unless the call itself was lost.
    const lost = ["unavailable", "deadline_exceeded", "canceled"].includes(error.code);
    lines.push(
      lost
        ? "Nobody can say whether it was carried out; a repeat is safe under the same --key."
        : `${url} does not answer as a Pangaea process does: point --url at an admin listener (by default PORT + 1).`,
    );
  }
  return lines.join("\n");
}
