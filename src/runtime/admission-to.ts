import type { Clock } from "../core/clock.js";
import type { Admission } from "../core/gateway.js";
import type { Metrics } from "../core/metrics.js";
import { type Resilience, usualResilience } from "../core/resilience.js";
import { LoadLimit } from "../interceptors/load-limit.js";

interface AdmissionParts {
  readonly clock: Clock;
  readonly metrics?: Metrics | undefined;
  readonly resilience?: Resilience | undefined;
}

const running = { name: "pangaea_server_running", help: "Requests from outside under way.", kind: "gauge" } as const;
const queued = { name: "pangaea_server_queued", help: "Requests that wait for their turn.", kind: "gauge" } as const;
const limit = { name: "pangaea_server_limit", help: "Requests that may be under way now.", kind: "gauge" } as const;
const shed = { name: "pangaea_server_shed_total", help: "Requests refused at the door.", kind: "counter" } as const;

/**
 * What a process takes in by one of its entries, with its numbers; undefined where everything is. Each entry has a limit
 * of its own: a request at the gateway may wait for a call that comes back to this very process.
 */
export function admissionTo(entry: "gateway" | "calls", parts: AdmissionParts): Admission | undefined {
  const { clock, metrics, resilience = usualResilience } = parts;
  if (resilience.shedding === undefined) return undefined;
  const load = new LoadLimit(clock, resilience.shedding);
  const labels = { entry };
  metrics?.observe(running, () => [{ labels, value: load.running }]);
  metrics?.observe(queued, () => [{ labels, value: load.queued }]);
  metrics?.observe(limit, () => [{ labels, value: load.limit }]);
  metrics?.observe(shed, () => [
    { labels: { entry, priority: "mutation" }, value: load.refused.mutation },
    { labels: { entry, priority: "read" }, value: load.refused.read },
  ]);
  return load;
}
