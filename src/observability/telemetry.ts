import type { Clock } from "../core/clock.js";
import type { Ids } from "../core/ids.js";
import { CallMeters } from "./call-meters.js";
import { EventLoop } from "./event-loop.js";
import { ProcessMetrics } from "./process-metrics.js";
import { SpanRing } from "./span-ring.js";

export interface TelemetryOptions {
  /** The process's name. */
  readonly process: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Of the traces that begin here, this share is recorded; by default all, up to a hundred a second. */
  readonly traceShare?: number | undefined;
}

/** What a process records about itself, for those who look. */
export interface Telemetry {
  readonly metrics: ProcessMetrics;
  readonly meters: CallMeters;
  readonly tracer: SpanRing;
  readonly loop: EventLoop;
  close(): void;
}

/** Begins to record. Nothing leaves the process by this. */
export function createTelemetry({ process: name, clock, ids, traceShare }: TelemetryOptions): Telemetry {
  const metrics = new ProcessMetrics(clock, { process: name });
  const meters = new CallMeters(clock);
  const tracer = new SpanRing({ process: name, clock, ids, share: traceShare });
  const loop = new EventLoop();
  showCalls(metrics, meters);
  showProcess(metrics, loop);
  return {
    metrics,
    meters,
    tracer,
    loop,
    close() {
      meters.close();
      loop.close();
    },
  };
}

function showCalls(metrics: ProcessMetrics, meters: CallMeters): void {
  const times = (kind: "server" | "client") => () =>
    [...meters.all]
      .filter((meter) => meter.kind === kind)
      .flatMap(({ service, method, times }) =>
        [...times].map(([code, each]) => ({ labels: { service, method, code }, times: each })),
      );
  metrics.observeTimes(
    "rpc_server_call_duration_seconds",
    "Calls and events handled here, by service, method and code.",
    times("server"),
  );
  metrics.observeTimes(
    "rpc_client_call_duration_seconds",
    "Calls to other processes, as their callers here saw them.",
    times("client"),
  );
  metrics.observeTimes("http_server_request_duration_seconds", "Requests at the gateway, by route and status.", () =>
    [...meters.all]
      .filter(({ kind }) => kind === "edge")
      .flatMap(({ method, service: route, times }) =>
        [...times].map(([status, each]) => ({ labels: { method, route, status }, times: each })),
      ),
  );
  metrics.observe(
    { name: "rpc_server_calls_pending", help: "Calls being handled, by service and method.", kind: "gauge" },
    () =>
      [...meters.all]
        .filter(({ kind }) => kind === "server")
        .map(({ service, method, pending }) => ({ labels: { service, method }, value: pending })),
  );
  metrics.observe(
    { name: "http_server_requests_pending", help: "Requests at the gateway that are not answered yet.", kind: "gauge" },
    () => [
      {
        labels: {},
        value: [...meters.all].reduce((sum, { kind, pending }) => sum + (kind === "edge" ? pending : 0), 0),
      },
    ],
  );
}

function showProcess(metrics: ProcessMetrics, loop: EventLoop): void {
  const gauge = (name: string, help: string, read: () => number) =>
    metrics.observe({ name, help, kind: "gauge" }, () => [{ labels: {}, value: read() }]);
  gauge(
    "nodejs_eventloop_delay_p50_seconds",
    "Lag of the event loop, median of the last seconds.",
    () => loop.lag.p50Ms / 1_000,
  );
  gauge("nodejs_eventloop_delay_p99_seconds", "Lag of the event loop, 99th percentile.", () => loop.lag.p99Ms / 1_000);
  gauge("nodejs_eventloop_delay_max_seconds", "Lag of the event loop, longest.", () => loop.lag.maxMs / 1_000);
  gauge("v8js_memory_heap_used_bytes", "Heap in use.", () => process.memoryUsage().heapUsed);
  gauge("process_memory_usage_bytes", "Resident memory.", () => process.memoryUsage.rss());
  gauge("process_uptime_seconds", "How long the process has run.", () => process.uptime());
  metrics.observe({ name: "process_cpu_time_seconds_total", help: "Processor time, by mode.", kind: "counter" }, () => {
    const { user, system } = process.cpuUsage();
    return [
      { labels: { mode: "user" }, value: user / 1e6 },
      { labels: { mode: "system" }, value: system / 1e6 },
    ];
  });
}
