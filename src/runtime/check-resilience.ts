import type { ServiceResilience } from "../core/resilience.js";
import type { Topology } from "../core/topology.js";
import type { Fault } from "./check-topology.js";

/** What is wrong with `resilience` for these modules, or in itself. */
export function checkResilience(topology: Topology, placed: ReadonlyMap<string, string>, fault: Fault): void {
  const { resilience } = topology;
  if (resilience === undefined) return;
  for (const [service, settings] of [["default", resilience.default] as const, ...resilience.services]) {
    const key = `resilience.${service}`;
    if (service !== "default" && !placed.has(service)) {
      fault(key, `no process has a module ${service}; place it, mend its spelling or remove the key`);
    }
    checkService(key, settings, fault);
  }
  const { shedding, loop } = resilience;
  if (shedding !== undefined && shedding.minConcurrent > shedding.maxConcurrent) {
    fault("resilience.shedding.minConcurrent", `is above maxConcurrent (${shedding.maxConcurrent}); lower it`);
  }
  if (loop.exitMs !== undefined && loop.exitMs <= loop.blockedMs) {
    fault(
      "resilience.loop.exitMs",
      `is not above blockedMs (${loop.blockedMs}); raise it, so that it is reported first`,
    );
  }
}

function checkService(key: string, { retry, hedge, timeoutMs }: ServiceResilience, fault: Fault): void {
  if (retry !== undefined && retry.backoffMs > retry.maxBackoffMs) {
    fault(`${key}.retry.backoffMs`, `is above maxBackoffMs (${retry.maxBackoffMs}); lower it`);
  }
  if (hedge !== undefined && timeoutMs !== undefined && hedge.afterMs >= timeoutMs) {
    fault(`${key}.hedge.afterMs`, `is not below timeoutMs (${timeoutMs}), when the first attempt has ended; lower it`);
  }
}
