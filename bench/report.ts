import type { Area } from "./contender.js";
import { verdictOf } from "./goals.js";
import { table } from "./markdown-table.js";
import type { SelfTime, Share } from "./profile.js";
import { type Disturbance, maxGapMs } from "./repeats.js";
import type { ContenderProfile, ContenderResult, Figures, Goal, Results } from "./results.js";
import { restPart } from "./rest/report.js";
import { scenariosOf } from "./scenarios.js";
import type { Spread } from "./statistics.js";

const titles: Readonly<Record<Area, string>> = {
  local: "In one process",
  http: "Between two processes, over sockets",
  redis: "Between two processes, over Redis",
  gateway: "The gateway",
};

const whole = (value: number): string => Math.round(value).toLocaleString("en");
const digits = (value: number): string =>
  value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : whole(value);
const medianOf = (spread: Spread | undefined): string => (spread === undefined ? "" : digits(spread.median));
const withSpread = ({ median, low, high }: Spread): string => `${whole(median)} (${whole(low)}–${whole(high)})`;
const ratio = (value: number | null): string => (value === null ? "" : value.toFixed(2));

/** What a reader must know of a virtual machine that did not have its processors to itself. */
export const withheldPart = (share: number | undefined): string =>
  share === undefined || share < 0.01
    ? ""
    : ` **Not a quiet machine**: its host gave ${Math.round(share * 100)} % of the processors' time to others during the run.`;

/** How often the machine stood still during a round. */
export const disturbancePart = ({ rounds, repeated, kept }: Disturbance): string =>
  `A round during which the machine stood still for more than ${maxGapMs} ms is measured again, at once: ` +
  `${whole(repeated)} of ${whole(rounds)} were, and ${whole(kept)} were kept disturbed, the tries being used up.`;

/** The run as `RESULTS.md`. */
export function reportOf({ machine, disturbance, goals, contenders, rest, profiles, stacks }: Results): string {
  const present = new Set(contenders.map(({ area }) => area));
  const parts = [
    "# Results of `npm run bench`",
    "Written by the run itself. Ratios carry over to other machines; absolute figures do not.",
    `${machine.date}, commit ${machine.commit}. Node ${machine.node}, redis-server ${machine.redis}, ${machine.system}, ` +
      `${machine.cores} cores (${machine.cpu}), ${machine.memoryGb} GB.${withheldPart(machine.withheld)}`,
    "A closed loop with c calls in flight; a question of about 40 bytes, an answer of about 290 (or 4 kB, or 64 kB). " +
      "Every contender runs in every round, each end in a process of its own. Figures are medians over the rounds, in " +
      "brackets the range of the middle half. Latencies and CPU per call in µs.",
    disturbancePart(disturbance),
    "## Goals",
    "Each measured ratio is the median of the ratios of the rounds.",
    goalTable(goals),
    ...[...present].map((area) =>
      areaPart(
        area,
        contenders.filter((one) => one.area === area),
      ),
    ),
    ...(rest.length === 0 ? [] : [restPart(rest)]),
    ...(profiles.length === 0 ? [] : [profilesPart(profiles)]),
    "## Who took part",
    table(
      ["contender", "set up as", "packages"],
      contenders.map(({ name, setup, versions }) => [
        name,
        setup,
        Object.entries(versions)
          .map(([name, version]) => `${name} ${version}`)
          .join(", "),
      ]),
    ),
    "## What a Pangaea call passed through",
    ...Object.entries(stacks).map(([title, text]) => `${title}\n\n\`\`\`text\n${text.trim()}\n\`\`\``),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** Goals beside what was measured. */
export const goalTable = (goals: readonly Goal[]): string =>
  table(
    ["goal", "at least", "aim", "measured", ""],
    goals.map((goal) => [goal.name, ratio(goal.atLeast), ratio(goal.aim), ratio(goal.measured), verdictOf(goal)]),
  );

/** The tables of one area, a scenario each. */
export function areaPart(area: Area, contenders: readonly ContenderResult[]): string {
  const tables = scenariosOf[area].map(({ name }) => {
    const headings =
      area === "local" ? ["contender", ...localColumns.keys()] : ["contender", ...columnsOf(area).keys()];
    const columns = area === "local" ? localColumns : columnsOf(area);
    const rows = contenders.map((contender) => {
      const figures = contender.figures[name];
      if (figures === undefined) return [contender.name, `failed: ${contender.failures[name] ?? "not measured"}`];
      return [contender.name, ...[...columns.values()].map((show) => show(figures))];
    });
    return `### ${name}\n\n${table(headings, rows)}`;
  });
  return [`## ${titles[area]}`, ...tables].join("\n\n");
}

/** Where the time goes, a table for each end of each contender that was looked at. */
export function profilesPart(profiles: readonly ContenderProfile[]): string {
  const about =
    "CPU profiles of about a second, taken after everything was measured: the share of a process's busy time that each " +
    "function, and each package or folder, spends in itself.";
  const tables = profiles.flatMap(({ contender, scenario, ends }) =>
    Object.entries(ends).map(([end, time]) => `### ${contender}, ${scenario}, ${end}\n\n${selfTimeTable(time)}`),
  );
  return ["## Where the time goes where a goal is missed", about, ...tables].join("\n\n");
}

const selfTimeTable = ({ functions, packages }: SelfTime): string => {
  const cells = (share: Share | undefined) =>
    share === undefined ? ["", ""] : [share.name, `${(share.share * 100).toFixed(1)} %`];
  const rows = functions.map((one, index) => [...cells(one), ...cells(packages[index])]);
  return table(["function", "self", "package", "self"], rows);
};

type Columns = ReadonlyMap<string, (figures: Figures) => string>;

const localColumns: Columns = new Map([
  [
    "ns per call",
    ({ perSecond: { median, low, high } }) => `${whole(1e9 / median)} (${whole(1e9 / high)}–${whole(1e9 / low)})`,
  ],
  ["CPU", ({ clientCpu }) => medianOf(clientCpu)],
]);

const columnsOf = (area: Area): Columns =>
  new Map<string, (figures: Figures) => string>([
    ["calls/s", ({ perSecond }) => withSpread(perSecond)],
    ["p50", ({ p50 }) => medianOf(p50)],
    ["p99", ({ p99 }) => medianOf(p99)],
    ["CPU client", ({ clientCpu }) => medianOf(clientCpu)],
    ["CPU server", ({ serverCpu }) => medianOf(serverCpu)],
    ...(area === "redis" ? ([["CPU broker", ({ brokerCpu }: Figures) => medianOf(brokerCpu)]] as const) : []),
  ]);
