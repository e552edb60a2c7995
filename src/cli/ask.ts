import { systemClock } from "../core/clock.js";
import { rootContext } from "../core/context.js";
import type { Contract, Output } from "../core/contract.js";
import { Deadlines } from "../core/deadline.js";
import { isError, type PangaeaError } from "../core/error.js";
import { systemIds } from "../core/ids.js";
import { silentLogger } from "../core/logger.js";
import type { Connection } from "../core/transport.js";
import { wrap } from "../core/wrap.js";
import { loadTransport } from "../runtime/project.js";
import { createStacks } from "../runtime/stacks.js";
import { adminUrl } from "./admin-answers.js";
import { UsageError } from "./usage-error.js";

interface AskOptions {
  readonly key?: string | undefined;
  /** By default the procedure's own. */
  readonly deadlineMs?: number | undefined;
}

/** Calls a procedure of a running system. */
export type Ask = <C extends Contract, M extends keyof C["procedures"] & string>(
  contract: C,
  method: M,
  input: unknown,
  options?: AskOptions,
) => Promise<Output<C, M>>;

/**
 * Runs a command that asks the system at `url`, by default at this environment's admin listener, and gives back its exit
 * code. An error of the system is printed as the service gave it, and fails the command.
 */
export async function reporting(
  { url = adminUrl() }: { readonly url?: string | undefined },
  command: (ask: Ask) => Promise<number>,
): Promise<number> {
  const parts = { clock: systemClock, ids: systemIds, logger: silentLogger };
  const createTransport = await loadTransport("http");
  const transport = createTransport({ ...parts, settings: {} });
  const stacks = createStacks({ ...parts, deadlines: new Deadlines(systemClock) });
  const ask: Ask = async (contract, method, input, { key, deadlineMs } = {}) => {
    const handler = wrap(stacks.client(contract, method, true), connect(() => transport.connect(url)).call);
    const procedure = contract.procedures[method]!;
    const { output } = await handler({
      kind: "request",
      service: contract.name,
      version: contract.version,
      method,
      input,
      effect: procedure.effect,
      attempt: 1,
      caller: "cli",
      context: rootContext(systemClock, deadlineMs ?? procedure.deadlineMs, { idempotencyKey: key }),
    });
    return output;
  };
  try {
    return await command(ask);
  } catch (error) {
    if (!isError(error)) throw error;
    process.stderr.write(`${describe(error, url)}\n`);
    return 1;
  } finally {
    await transport.close();
  }
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
