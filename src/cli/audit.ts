import { systemClock } from "../core/clock.js";
import { systemIds } from "../core/ids.js";
import { silentLogger } from "../core/logger.js";
import { type Audit, type AuditedEquation, audit } from "../runtime/audit.js";
import { openReadOnly } from "../runtime/open-backend.js";
import { readSettings } from "../runtime/settings.js";
import { loadSystem } from "./load-system.js";
import { count, jsonText, table } from "./table.js";

export interface AuditCommandOptions {
  readonly topology: string;
  readonly json?: boolean;
  /** Milliseconds. */
  readonly wait?: number;
}

const shownDifferences = 20;

/** Prints whether the books of a system balance, in `DATA_DIR` or on PostgreSQL; 1 where they do not, or did not come to rest when told to wait. */
export async function auditSystem({ topology, json, wait }: AuditCommandOptions): Promise<number> {
  const settings = readSettings(process.env);
  const { modules, topology: placed } = await loadSystem(topology);
  const openStore = (module: string) => openReadOnly(module, { topology: placed, settings });
  const parts = { clock: systemClock, ids: systemIds, logger: silentLogger };
  const result = await audit({ modules, openStore, waitMs: wait ?? 0, ...parts });
  process.stdout.write(json === true ? jsonText(result) : asText(result));
  const balances = result.equations.every(({ differences }) => (differences ?? []).length === 0);
  return balances && (result.atRest || wait === undefined) ? 0 : 1;
}

function asText(result: Audit): string {
  const rows = result.equations.map((equation) => [equation.module, equation.text, verdictOf(equation)]);
  const differences = result.equations.flatMap(({ text, differences = [] }) =>
    differences.slice(0, shownDifferences).map(({ key, left, right }) => [text, key, String(left), String(right)]),
  );
  const sections = [
    table(["module", "equation", "result"], rows),
    ...(differences.length === 0 ? [] : [table(["equation", "key", "left", "right"], differences)]),
    standingOf(result),
  ];
  return `${sections.join("\n\n")}\n`;
}

function verdictOf({ differences, total }: AuditedEquation): string {
  if (differences === undefined) return "not compared";
  return differences.length === 0 ? `balances at ${total}` : count(differences.length, "difference");
}

function standingOf({ atRest, openSagas, openEvents, parkedSagas }: Audit): string {
  const parked = parkedSagas === 0 ? "" : ` ${count(parkedSagas, "saga")} parked for a person.`;
  if (atRest) return `At rest: nothing is under way.${parked}`;
  const work = `${count(openSagas, "saga")} and ${count(openEvents, "event")} under way`;
  return `Not at rest: ${work}. What modules say together is compared at rest; --wait MS waits for it.${parked}`;
}
