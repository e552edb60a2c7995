import type { Gateway, Readiness } from "../core/gateway.js";
import type { ProcessSpec } from "../core/topology.js";
import { adminHandler } from "./admin-handler.js";
import type { Connections } from "./connections.js";
import type { ProcessOptions } from "./process-runtime.js";
import type { Traffic } from "./traffic.js";

/** The ways into a system from outside, open. */
export interface Entry {
  readonly gateway: Gateway;
  /** `gateway` and `admin` → where they listen. */
  readonly addresses: Readonly<Record<string, string>>;
}

export interface EntryParts {
  readonly options: ProcessOptions;
  readonly connections: Connections;
  readonly readiness: () => Promise<Readiness>;
  readonly traffic: Traffic;
}

/** Opens the gateway of a process, and the operator's way in beside it. */
export async function openEntry(
  spec: NonNullable<ProcessSpec["gateway"]>,
  { options, connections, readiness, traffic }: EntryParts,
): Promise<Entry> {
  const { settings, modules, parts } = options;
  const createGateway = await options.loadGateway();
  const gateway = await createGateway({
    host: spec.host ?? settings.host,
    port: spec.port ?? settings.port,
    socket: options.gatewaySocket,
    contracts: [...modules.values()].map((module) => module.contract),
    client: (contract) => connections.client(contract, "gateway"),
    readiness,
    answered: traffic.count,
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
