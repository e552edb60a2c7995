import { errorOf, type PangaeaError } from "../core/error.js";
import type { Instance } from "../core/registry.js";

/** Why no instance can take a call. Nothing has been sent. */
export function nobodyServes(
  service: string,
  version: number,
  transport: string,
  known: readonly Instance[],
): PangaeaError {
  const others = known.filter(
    ({ services, addresses }) => addresses[transport] !== undefined && Object.hasOwn(services, service),
  );
  if (others.length === 0) {
    return errorOf("unavailable", `No running process serves ${service} over ${transport}.`, { outcome: "not-sent" });
  }
  const versions = [...new Set(others.map(({ services }) => services[service]!))].toSorted((a, b) => a - b).join(", ");
  const message = `${service} is served as version ${versions}, and was asked as version ${version}.`;
  return errorOf("failed_precondition", message, { outcome: "not-sent" });
}
