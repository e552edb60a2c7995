import type { Machine } from "../../bench/machine.js";
import { table } from "../../bench/markdown-table.js";
import type { SoakResult, SoakTransport } from "./soak.js";

/** The heap may grow by so much over all calls: what the engine keeps of compiled code and caches. */
const maxGrowthBytes = 4 * 1024 * 1024;

/** Whether the calls left nothing behind. */
export const leftNothing = ({ pending, heapEarly, heapEnd }: SoakResult): boolean =>
  pending === 0 && heapEnd - heapEarly < maxGrowthBytes;

export const megabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MB`;

/** A whole run as `SOAK.md`. */
export const reportOf = (results: ReadonlyMap<SoakTransport, SoakResult>, machine: Machine): string =>
  [
    "# Many calls: `npm run soak`",
    `Written by the run itself. ${machine.date}, commit ${machine.commit}. Node ${machine.node}, redis-server ${machine.redis}.`,
    "Calls on one long-lived context, 64 in flight, over every transport with all layers on; one in a hundred is refused by " +
      "the service, one in a hundred is cancelled by its caller. Pending is everything that processes and transports count " +
      "as under way after the last reply; the heap is measured after a collection.",
    table(
      ["transport", "calls", "pending at the end", "heap after a fifth", "heap at the end", "leaves nothing behind"],
      [...results].map(([transport, result]) => [
        transport,
        result.calls.toLocaleString("en"),
        String(result.pending),
        megabytes(result.heapEarly),
        megabytes(result.heapEnd),
        leftNothing(result) ? "yes" : "**no**",
      ]),
    ),
  ]
    .join("\n\n")
    .concat("\n");
