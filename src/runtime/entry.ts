import type { Gateway } from "../core/gateway.js";
import type { ProcessSpec } from "../core/topology.js";
import { admissionTo } from "./admission-to.js";
import type { ProcessOptions, ProcessRuntime } from "./process-runtime.js";
import type { StackParts } from "./stacks.js";

/** Opens the gateway of a process, and says among its addresses where. */
export async function openEntry(
  spec: NonNullable<ProcessSpec["gateway"]>,
  { settings, modules, gatewaySocket, loadGateway }: ProcessOptions,
  parts: StackParts,
  runtime: Pick<ProcessRuntime, "addresses" | "client" | "readiness">,
): Promise<Gateway> {
  const createGateway = await loadGateway();
  const gateway = await createGateway({
    host: spec.host ?? settings.host,
    port: spec.port ?? settings.port,
    socket: gatewaySocket,
    contracts: [...modules.values()].map((module) => module.contract),
    client: (contract) => runtime.client(contract, "gateway"),
    readiness: () => runtime.readiness(),
    admission: admissionTo("gateway", parts),
    ...parts,
  });
  runtime.addresses.gateway = gateway.address;
  return gateway;
}
