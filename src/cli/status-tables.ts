import type { Sample } from "../core/metrics.js";
import type { ProcedureReport, ProcessReport, StatusReport } from "../runtime/process-report.js";
import { table } from "./table.js";

const ms = (length: number | null | undefined): string =>
  length === null || length === undefined ? "-" : `${length < 10 ? length.toFixed(1) : Math.round(length)} ms`;

const perSecond = (rate: number): string => (rate === 0 ? "0" : rate < 10 ? rate.toFixed(1) : String(Math.round(rate)));

function age(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1_000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}

const samplesOf = ({ figures }: ProcessReport, name: string): readonly Sample[] => figures?.metrics[name] ?? [];
const sum = (samples: readonly Sample[]): number => samples.reduce((total, { value }) => total + value, 0);

/** Breakers that let nothing through, or only a trial, by the endpoint or service that they stand before. */
function breakersOf(report: ProcessReport): string {
  const open = Object.entries(report.figures?.metrics ?? {})
    .filter(([name]) => name.includes("breaker_state"))
    .flatMap(([, samples]) => samples.filter(({ value }) => value > 0))
    .map(({ labels }) => labels.service ?? labels.endpoint ?? Object.values(labels).join(" "));
  return open.length === 0 ? "-" : `open: ${[...new Set(open)].join(" ")}`;
}

/** What waits to be done: events that a subscriber has not confirmed, and those that are dead; sagas that are parked. */
function lagOf(report: ProcessReport): string {
  const waiting = sum(samplesOf(report, "pangaea_outbox_pending_events"));
  const dead = sum(samplesOf(report, "pangaea_dead_letters"));
  const parked = sum(samplesOf(report, "pangaea_sagas").filter(({ labels }) => labels.phase === "parked"));
  const seconds = Math.max(0, ...samplesOf(report, "pangaea_outbox_lag_seconds").map(({ value }) => value));
  const parts = [
    ...(waiting > 0 ? [`${waiting} events, ${age(seconds * 1_000)}`] : []),
    ...(dead > 0 ? [`${dead} dead`] : []),
    ...(parked > 0 ? [`${parked} parked`] : []),
  ];
  return parts.length === 0 ? "-" : parts.join(", ");
}

function waitingOf({ waitingFor, reason }: ProcessReport): string {
  if (reason !== null) return reason;
  return waitingFor.length === 0 ? "-" : waitingFor.map(({ name, reason: why }) => `${name}: ${why}`).join("; ");
}

/** A line for each process. */
export function processTable({ processes }: StatusReport): string {
  const headings = [
    "process",
    "state",
    "pid",
    "up",
    "calls/s",
    "p50",
    "p99",
    "errors/s",
    "loop",
    "breakers",
    "lag",
    "waiting for",
  ];
  const rows = processes.map((report) => {
    const { name, state, pid, restarts, figures } = report;
    const named = restarts === 0 ? state : `${state}, ${restarts} restarts`;
    const known = [
      name,
      figures === null && report.reason !== null && state === "ready" ? "silent" : named,
      String(pid ?? "-"),
    ];
    if (figures === null) return [...known, "-", "-", "-", "-", "-", "-", "-", "-", waitingOf(report)];
    const { calls, loopLag, uptimeMs } = figures;
    const rates = [perSecond(calls.perSecond), ms(calls.p50Ms), ms(calls.p99Ms), perSecond(calls.errorsPerSecond)];
    return [...known, age(uptimeMs), ...rates, ms(loopLag.p99Ms), breakersOf(report), lagOf(report), waitingOf(report)];
  });
  return table(headings, rows);
}

const isOfNote = ({ perSecond: rate, pending }: ProcedureReport): boolean => rate > 0 || pending > 0;

/** The procedures that have work now, the slowest first; `count` of them. */
export function procedureTable({ processes }: StatusReport, count: number): string | undefined {
  const all = processes
    .flatMap(({ name, figures }) => (figures?.procedures ?? []).map((procedure) => ({ ...procedure, process: name })))
    .filter((procedure) => procedure.kind !== "client" && isOfNote(procedure))
    .toSorted((a, b) => (b.p99Ms ?? 0) - (a.p99Ms ?? 0) || b.pending - a.pending)
    .slice(0, count);
  if (all.length === 0) return undefined;
  const rows = all.map((procedure) => [
    procedure.kind === "edge" ? `${procedure.method} ${procedure.service}` : `${procedure.service}.${procedure.method}`,
    procedure.process,
    perSecond(procedure.perSecond),
    ms(procedure.p50Ms),
    ms(procedure.p99Ms),
    String(procedure.pending),
    Object.entries(procedure.errors)
      .map(([code, errors]) => `${code} ${Math.round(errors)}`)
      .join(", ") || "-",
  ]);
  return table(["procedure or route", "process", "calls/s", "p50", "p99", "under way", "errors"], rows);
}

/** The slowest requests of the last minute, with what to give to `pangaea trace`. */
export function slowestTable({ processes }: StatusReport, count: number): string | undefined {
  const all = processes
    .flatMap(({ figures }) => figures?.slowest ?? [])
    .toSorted((a, b) => b.durationMs - a.durationMs);
  // Of one trace its longest piece.
  const first = [...new Map(all.toReversed().map((span) => [span.traceId, span])).values()]
    .toSorted((a, b) => b.durationMs - a.durationMs)
    .slice(0, count);
  if (first.length === 0) return undefined;
  const rows = first.map(({ kind, service, method, durationMs, code, process, traceId }) => [
    kind === "edge" || kind === "step" ? method : `${service}.${method}`,
    process,
    ms(durationMs),
    code,
    traceId,
  ]);
  return table(["slowest in the last minute", "process", "took", "ended", "pangaea trace"], rows);
}
