import type { Call } from "../core/call.js";
import { errorOf, type PangaeaError } from "../core/error.js";
import { type Instance, serves } from "../core/registry.js";

const isThere = ({ service }: Call, transport: string, { services, addresses }: Instance): boolean =>
  addresses[transport] !== undefined && Object.hasOwn(services, service);

/** An event has the version of its producer's contract, which is not the subscriber's. */
const fits = (call: Call, instance: Instance): boolean =>
  call.kind === "event" || serves(instance, call.service, call.version);

/** The lower, the better. What only the worse can do, the worse does. */
const rankOf = ({ isDraining = false, isSuspect = false }: Instance): number =>
  (isDraining ? 2 : 0) + (isSuspect ? 1 : 0);

/**
 * The instances that a new call may go to: they serve the version that the caller was written against, and are neither
 * suspect nor draining, unless there are no others.
 */
export function candidatesFor(call: Call, transport: string, known: readonly Instance[]): readonly Instance[] {
  let best = Number.POSITIVE_INFINITY;
  let candidates: Instance[] = [];
  for (const instance of known) {
    if (!isThere(call, transport, instance) || !fits(call, instance)) continue;
    const rank = rankOf(instance);
    if (rank > best) continue;
    if (rank < best) candidates = [];
    best = rank;
    candidates.push(instance);
  }
  return candidates;
}

/** Why no instance can take a call. Nothing has been sent. */
export function noCandidate(call: Call, transport: string, known: readonly Instance[]): PangaeaError {
  const { service, version } = call;
  const others = known.filter((instance) => isThere(call, transport, instance));
  if (others.length === 0) {
    return errorOf("unavailable", `No running process serves ${service} over ${transport}.`, { outcome: "not-sent" });
  }
  const versions = [...new Set(others.map(({ services }) => services[service]))].toSorted().join(", ");
  const message = `${service} is served as version ${versions}, and was asked as version ${version}.`;
  return errorOf("failed_precondition", message, { outcome: "not-sent" });
}
