import { isIP } from "node:net";
import type { Topology } from "../core/topology.js";
import type { Fault } from "./check-topology.js";
import { isHttpUrl } from "./settings.js";

/** What the key `registry` says must make sense together; whether the registry is there is not looked at. */
export function checkRegistry({ registry }: Topology, fault: Fault): void {
  if ("suspectMs" in registry && registry.suspectMs < 2 * registry.heartbeatMs) {
    fault(
      "registry.suspectMs",
      `one late heartbeat is nothing; give at least ${2 * registry.heartbeatMs}, or a shorter heartbeatMs`,
    );
  }
  if ("leaseMs" in registry && registry.leaseMs < registry.suspectMs + registry.heartbeatMs) {
    fault("registry.leaseMs", `suspect comes before gone; give at least ${registry.suspectMs + registry.heartbeatMs}`);
  }
  if (registry.kind === "redis" && registry.url !== undefined && !isOneRedis(registry.url)) {
    fault("registry.url", "give the address of one server, like redis://127.0.0.1:6379");
  }
  if (registry.kind === "etcd") {
    for (const endpoint of registry.endpoints ?? []) {
      if (!isHttpUrl(endpoint)) fault("registry.endpoints", `"${endpoint}" must be like http://127.0.0.1:2379`);
    }
  }
  if (registry.kind === "dns" && registry.server !== undefined) {
    const [, host = ""] = /^\[?([^\]]+?)\]?(?::\d{1,5})?$/.exec(registry.server) ?? [];
    if (isIP(host) === 0) fault("registry.server", `"${registry.server}" must be an IP address, or one with a port`);
  }
}

const isOneRedis = (url: string): boolean =>
  URL.canParse(url) && /^rediss?:$/.test(new URL(url).protocol) && !/,(?!.*@)/.test(url);
