import type { Ids } from "../core/ids.js";
import type { Instance } from "../core/registry.js";
import { servicesOf } from "./addresses.js";
import type { ProcessOptions } from "./process-runtime.js";
import { ConfigurationError } from "./settings.js";

const anyHost = new Set(["0.0.0.0", "[::]"]);
/** With these, others may be on other machines. */
const isShared = (kind: string): boolean => kind === "redis" || kind === "etcd";

/**
 * With a name among all instances, where it needs one: on several hosts anybody may have started the same process, and
 * nobody has given each a name.
 */
export function named(options: ProcessOptions): ProcessOptions {
  const { topology, process, parts, instance } = options;
  if (instance !== undefined || topology.processes.length === 1 || !isShared(topology.registry.kind)) return options;
  return { ...options, instance: madeUpName(process.name, parts.ids) };
}

const madeUpName = (process: string, ids: Ids): string => `${process}-${ids.hex(4)}`;

/** This process as others are to see it, listening at `addresses` (transport name → address). */
export function ownInstance(options: ProcessOptions, addresses: Readonly<Record<string, string>>): Instance {
  const { process, modules, parts, instance } = options;
  return {
    id: instance ?? madeUpName(process.name, parts.ids),
    process: process.name,
    ...servicesOf(process, modules),
    addresses: Object.fromEntries(
      Object.entries(addresses).map(([transport, address]) => [transport, advertised(address, options)]),
    ),
    weight: process.weight ?? 1,
    zone: process.zone,
  };
}

/** `PANGAEA_ADVERTISE` in place of the host, or of host and port, of a network address. */
function advertised(address: string, { settings, topology, process }: ProcessOptions): string {
  if (!/^https?:/.test(address)) return address;
  const url = new URL(address);
  if (settings.advertise !== undefined) {
    const { host, port = url.port } = settings.advertise;
    return `${url.protocol}//${host}:${port}`;
  }
  if (isShared(topology.registry.kind) && anyHost.has(url.hostname)) {
    throw new ConfigurationError(
      `process ${process.name} listens at ${address}, which nobody can call: set PANGAEA_ADVERTISE to the host name or ` +
        `address under which the others reach this machine.`,
    );
  }
  return address;
}
