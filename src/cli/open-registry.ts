import type { Clock } from "../core/clock.js";
import type { Logger } from "../core/logger.js";
import type { Module } from "../core/module.js";
import type { Registry } from "../core/registry.js";
import type { ProcessSpec, RegistrySpec, Topology } from "../core/topology.js";
import type { StoreSpec } from "../discovery/record-store.js";
import { staticRegistry } from "../discovery/static-registry.js";
import {
  type ChildMessage,
  type Line,
  supervisorRegistry,
  type SupervisorMessage,
} from "../discovery/supervisor-registry.js";
import { namedProcesses, staticInstances } from "../runtime/addresses.js";
import { ConfigurationError, type Settings } from "../runtime/settings.js";

export interface RegistryNeeds {
  readonly topology: Topology;
  readonly own: ProcessSpec;
  readonly modules: ReadonlyMap<string, Module>;
  readonly settings: Settings;
  /** To the supervisor that has started this process, if one has. */
  readonly line: Line<ChildMessage, SupervisorMessage> | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The registry that the topology names. Where that is the supervisor and none has started this process, the addresses of
 * the others must be written down. Loads a registry's client only where it is used.
 */
export async function openRegistry(needs: RegistryNeeds): Promise<Registry> {
  const { topology, own, modules, settings, line, clock, logger } = needs;
  const spec = topology.registry;
  if (topology.processes.length > 1 && (spec.kind === "redis" || spec.kind === "etcd")) {
    const { LeasedRegistry } = await import("../discovery/leased-registry.js");
    return new LeasedRegistry({ store: storeOf(spec, topology, settings), lease: spec, clock, logger });
  }
  if (topology.processes.length > 1 && spec.kind === "dns") {
    const { dnsRegistry, nodeResolver } = await import("../discovery/dns-registry.js");
    const processes = namedProcesses(topology, own, modules, spec.domain);
    return dnsRegistry({ processes, ...spec, port: spec.port, resolver: nodeResolver(spec.server), clock, logger });
  }
  if (line === undefined) return staticRegistry(staticInstances(topology, own, settings, modules));
  return supervisorRegistry(line, spec.kind === "supervisor" ? { clock, heartbeatMs: spec.heartbeatMs } : undefined);
}

function storeOf(
  spec: Extract<RegistrySpec, { kind: "redis" | "etcd" }>,
  topology: Topology,
  settings: Settings,
): StoreSpec {
  const namespace = settings.namespace ?? topology.name;
  if (spec.kind === "etcd") {
    const endpoints = spec.endpoints ?? settings.etcdEndpoints;
    return { kind: "etcd", endpoints, prefix: `${spec.prefix}/${namespace}` };
  }
  const url = spec.url ?? settings.redisUrl;
  if (/,(?!.*@)/.test(url)) {
    throw new ConfigurationError(
      `${topology.file}: registry.url: REDIS_URL names a cluster, and the registry needs one server: name it here.`,
    );
  }
  return { kind: "redis", url, namespace };
}
