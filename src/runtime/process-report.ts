import type { Readiness } from "../core/gateway.js";
import type { Sample } from "../core/metrics.js";
import type { MeterKind } from "../core/meter.js";
import type { Rates } from "../observability/call-meters.js";
import type { ShownSpan } from "../observability/span-ring.js";
import type { Telemetry } from "../observability/telemetry.js";

/** One procedure, or one route of the edge, as it is at present. */
export interface ProcedureReport extends Rates {
  readonly kind: MeterKind;
  /** Of the edge: the route. */
  readonly service: string;
  /** Of the edge: the verb. */
  readonly method: string;
  readonly pending: number;
}

/** What a process says of itself. Figures per second and percentiles are of the last five to ten seconds. */
export interface ProcessFigures {
  readonly uptimeMs: number;
  readonly memory: { readonly rssBytes: number; readonly heapUsedBytes: number };
  readonly loopLag: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };
  /** All calls that it handles. */
  readonly calls: Rates;
  /** Calls, requests and work of its own that are under way. */
  readonly pending: number;
  readonly procedures: readonly ProcedureReport[];
  /** Its gauges and counters, by name. */
  readonly metrics: Readonly<Record<string, readonly Sample[]>>;
  /** The slowest of what entered here in the last minute, for `pangaea trace`. */
  readonly slowest: readonly ShownSpan[];
}

/** A process as an operator sees it. Where it does not answer, `reason` says so and there are no figures. */
export interface ProcessReport {
  readonly name: string;
  readonly state: string;
  readonly pid: number | null;
  readonly restarts: number;
  readonly addresses: Readonly<Record<string, string>>;
  readonly waitingFor: Readiness["waitingFor"];
  readonly reason: string | null;
  readonly figures: ProcessFigures | null;
}

/** What every admin listener answers at `/status`: that of one process has one entry, that of a supervisor all. */
export interface StatusReport {
  readonly processes: readonly ProcessReport[];
}

/** What it answers at `/spans`. */
export interface SpansReport {
  readonly spans: readonly ShownSpan[];
  /** The processes that could not be asked. */
  readonly silent: readonly string[];
}

const slowestCount = 5;

/** The figures of this process. */
export async function figuresOf(
  { meters, metrics, tracer, loop }: Telemetry,
  pending: number,
): Promise<ProcessFigures> {
  const all = [...meters.all];
  const { rss, heapUsed } = process.memoryUsage();
  const collected = await metrics.collect();
  const entered = new Set(["edge", "event", "step", "server"]);
  return {
    uptimeMs: Math.round(process.uptime() * 1_000),
    memory: { rssBytes: rss, heapUsedBytes: heapUsed },
    loopLag: loop.lag,
    calls: meters.rates(all.filter(({ kind }) => kind === "server")),
    pending,
    procedures: all.map((meter) => ({
      kind: meter.kind,
      service: meter.service,
      method: meter.method,
      pending: meter.pending,
      ...meters.rates([meter]),
    })),
    metrics: Object.fromEntries(collected.map(({ name, samples }) => [name, samples])),
    slowest: tracer.slowest(slowestCount, ({ kind }) => entered.has(kind)),
  };
}
