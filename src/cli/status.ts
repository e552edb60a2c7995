import type { StatusReport } from "../runtime/process-report.js";
import { type AdminOptions, asking, fromAdmin } from "./admin-answers.js";
import { procedureTable, processTable, slowestTable } from "./status-tables.js";
import { jsonText } from "./table.js";

const procedures = 15;
const slowest = 5;

/** Prints how a running system is: its processes, what is slow in them, and what they wait for. */
export const showStatus = (options: AdminOptions): Promise<number> =>
  asking(async () => {
    const report = await fromAdmin<StatusReport>(options, "/status");
    process.stdout.write(options.json === true ? jsonText(report) : `${describe(report)}\n`);
    const isWell = report.processes.every(({ reason, waitingFor }) => reason === null && waitingFor.length === 0);
    return isWell ? 0 : 1;
  });

/** The tables of a report. */
export const describe = (report: StatusReport): string =>
  [processTable(report), procedureTable(report, procedures), slowestTable(report, slowest)]
    .filter((text) => text !== undefined)
    .join("\n\n");
