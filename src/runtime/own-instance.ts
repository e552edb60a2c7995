import type { Instance } from "../core/registry.js";
import type { ProcessOptions } from "./process-runtime.js";

/** A process as its registry makes it known. */
export function ownInstance(
  { process, modules, parts, instance }: ProcessOptions,
  addresses: Readonly<Record<string, string>>,
): Instance {
  const services = process.modules.map((name) => [name, modules.get(name)!.contract.version] as const);
  return {
    id: instance ?? `${process.name}-${parts.ids.hex(4)}`,
    process: process.name,
    services: { ...Object.fromEntries(services), [`process-${process.name}`]: 1 },
    addresses: { ...addresses },
    weight: process.weight ?? 1,
    zone: process.zone,
  };
}
