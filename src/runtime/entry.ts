import type { Gateway, GatewayOptions } from "../core/gateway.js";
import type { ProcessSpec } from "../core/topology.js";
import { adminHandler } from "./admin-handler.js";
import type { Connections } from "./connections.js";
import type { ProcessOptions } from "./process-runtime.js";

/** The ways into a system from outside, open. */
export interface Entry {
  readonly gateway: Gateway;
  /** `gateway` and `admin` → where they listen. */
  readonly addresses: Readonly<Record<string, string>>;
}

/** Opens the gateway of a process, and the operator's way in beside it. */
export async function openEntry(
  spec: NonNullable<ProcessSpec["gateway"]>,
  options: ProcessOptions,
  connections: Connections,
  own: Pick<GatewayOptions, "readiness" | "admission">,
): Promise<Entry> {
  const { settings, modules, parts } = options;
  const createGateway = await options.loadGateway();
  const gateway = await createGateway({
    host: spec.host ?? settings.host,
    port: spec.port ?? settings.port,
    socket: options.gatewaySocket,
    contracts: [...modules.values()].map((module) => module.contract),
    client: (contract) => connections.client(contract, "gateway"),
    ...own,
    ...parts,
  });
  try {
    // The command line's way in: the same Connect protocol, on loopback, to every service wherever it runs.
    const place = `http://127.0.0.1:${settings.adminPort}`;
    const admin = await connections.listenAt("admin", "http", place, adminHandler(modules, connections));
    return { gateway, addresses: { gateway: gateway.address, admin } };
  } catch (error) {
    await gateway.close();
    throw error;
  }
}
