import { table } from "../markdown-table.js";
import type { Spread } from "../statistics.js";
import type { RestResult } from "./results.js";

const whole = (value: number): string => Math.round(value).toLocaleString("en");
const withSpread = ({ median, low, high }: Spread): string => `${whole(median)} (${whole(low)}–${whole(high)})`;

const about = `The shop, from the built tree to \`/readyz\` 200: its first start, with nothing compiled before, and its second, with the
compile cache that the first has left. The split is seven services, the gateway and the supervisor. Memory is resident
memory two seconds after a first start, beside that of a process that only imports the same libraries.`;

/** Start and memory at rest. */
export const restPart = (results: readonly RestResult[]): string =>
  [
    "## Start and memory at rest",
    about,
    table(
      ["system", "first start, ms", "second start, ms"],
      results.map(({ name, readyMs, readyAgainMs }) => [name, withSpread(readyMs), withSpread(readyAgainMs)]),
    ),
    table(
      ["process", "resident, MB", "imports alone, MB", "above, MB"],
      results.flatMap(({ name, memory }) =>
        Object.entries(memory).map(([process, { resident, importsOnly }]) => [
          `${name}: ${process}`,
          withSpread(resident),
          withSpread(importsOnly),
          whole(resident.median - importsOnly.median),
        ]),
      ),
    ),
  ].join("\n\n");
