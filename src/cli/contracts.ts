import type { Contract } from "../core/contract.js";
import { insteadOf } from "./nearest.js";
import { loadProjectModules } from "./load-system.js";
import { jsonText, table } from "./table.js";
import { UsageError } from "./usage-error.js";

/** Prints what the project's services promise, or what one of them does. */
export async function showContracts(service: string | undefined, options: { json?: boolean }): Promise<number> {
  const modules = await loadProjectModules();
  if (service !== undefined && !modules.has(service)) {
    throw new UsageError(`there is no service "${service}". ${insteadOf(service, [...modules.keys()])}`);
  }
  const shown = [...modules.values()]
    .filter(({ name }) => service === undefined || name === service)
    .map(({ contract }) => describe(contract));
  // One service is asked for by somebody who wants to know it; of many, an overview is wanted.
  const text = () => `${shown.map((contract) => asText(contract, service !== undefined)).join("\n\n")}\n`;
  process.stdout.write(options.json === true ? jsonText(shown) : text());
  return 0;
}

type Shown = ReturnType<typeof describe>;

const describe = ({ name, version, procedures, events, errors }: Contract) => ({
  service: name,
  version,
  procedures: Object.entries(procedures).map(([method, procedure]) => ({
    name: method,
    effect: procedure.effect,
    access: procedure.access,
    deadlineMs: procedure.deadlineMs,
    http: procedure.http,
    summary: procedure.summary,
  })),
  events: Object.values(events).map((event) => ({ name: event.name, delivery: event.delivery })),
  errors: Object.values(errors).map(({ reason, domain, code, status, message }) => ({
    reason,
    domain,
    code,
    status,
    message,
  })),
});

function asText({ service, version, procedures, events, errors }: Shown, detailed: boolean): string {
  const procedureRows = procedures.map(({ name, effect, access, deadlineMs, http, summary }) => [
    name,
    effect,
    // Without a route nobody outside can ask, so nobody had to say who may.
    access === undefined ? "modules" : typeof access === "string" ? access : access.join(" "),
    `${deadlineMs} ms`,
    http === undefined ? "-" : `${http.route} (${http.status ?? 200})`,
    ...(detailed ? [summary ?? "-"] : []),
  ]);
  const headings = ["procedure", "effect", "access", "deadline", "HTTP", ...(detailed ? ["summary"] : [])];
  const sections = [`${service}, version ${version}`, table(headings, procedureRows)];
  if (events.length > 0) {
    sections.push(
      table(
        ["event", "delivery"],
        events.map(({ name, delivery }) => [name, delivery]),
      ),
    );
  }
  if (errors.length > 0) {
    const errorRows = errors.map(({ reason, domain, code, status, message }) => [
      domain === service ? reason : `${reason} (of ${domain})`,
      code,
      String(status),
      ...(detailed ? [message ?? "-"] : []),
    ]);
    sections.push(table(["error", "code", "status", ...(detailed ? ["message"] : [])], errorRows));
  }
  return sections.join("\n\n");
}
