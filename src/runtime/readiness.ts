import type { Context } from "../core/context.js";
import { isError } from "../core/error.js";
import type { Readiness } from "../core/gateway.js";
import type { ProcessSpec } from "../core/topology.js";
import type { Connections } from "./connections.js";

type Waiting = Readiness["waitingFor"][number];

/**
 * What keeps another process from being ready. It is asked over every transport by which its services are called: one of
 * them may be away while the others answer. Never rejects.
 */
export async function readinessOf(
  process: ProcessSpec,
  connections: Connections,
  context: () => Context,
): Promise<Readiness> {
  const answers = await Promise.all(
    connections.processClients(process).map(async (client): Promise<readonly Waiting[]> => {
      try {
        return (await client.ready({}, context())).waitingFor;
      } catch (error) {
        return [{ name: `process ${process.name}`, reason: isError(error) ? error.message : "it could not be asked" }];
      }
    }),
  );
  // What the process says of itself comes over each of them.
  const all = answers.flat().map((waiting) => [`${waiting.name} ${waiting.reason}`, waiting] as const);
  return { waitingFor: [...new Map(all).values()] };
}
