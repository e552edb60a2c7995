import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { startRedisServer } from "../src/testing/redis-server.js";
import { type Area, areas, type Entry, type Surroundings } from "./contender.js";
import { entries } from "./contenders.js";
import { fixedHeaders } from "./edge.js";
import { judge, verdictOf } from "./goals.js";
import { installPeers } from "./install-peers.js";
import { describeMachine, processorTime, root } from "./machine.js";
import { measureArea } from "./measure-area.js";
import { profileGoals } from "./profile-goals.js";
import { noDisturbance, sumOf } from "./repeats.js";
import { areaPart, disturbancePart, goalTable, profilesPart, reportOf } from "./report.js";
import { judgeRest } from "./rest/goals.js";
import { measureRest } from "./rest/measure-rest.js";
import { restPart } from "./rest/report.js";
import type { RestResult } from "./rest/results.js";
import type { ContenderGoal, ContenderProfile, ContenderResult, Goal, Results } from "./results.js";
import { type Effort, effortOf } from "./scenarios.js";

const usage = `npm run bench -- [options]

  --only ${[...areas, "rest"].join("|")}   one area (can be repeated); rest: start and memory
  --contender NAME   only contenders whose name contains NAME (can be repeated)
  --no-peers         only what needs no installed peers
  --quick            fewer and shorter rounds
  --rounds N, --round-ms N   as many, as long
  --profile          a CPU profile for each goal that is missed or has no rival here

A whole run writes bench/RESULTS.md and bench/results.json, with a CPU profile for each goal that is missed; one with any
option only prints.`;

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    contender: { type: "string", multiple: true },
    "no-peers": { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    "round-ms": { type: "string" },
    profile: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const { only, contender: chosen, quick, "no-peers": withoutPeers, rounds, "round-ms": roundMs } = values;
const whole = process.argv.length === 2;
const say = (text: string) => void process.stdout.write(`${text}\n`);

if (values.help || only?.some((name) => name !== "rest" && !areas.includes(name as Area))) {
  say(usage);
  process.exit(values.help ? 0 : 2);
}

// So that what was started ends with this process.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

const wanted = areas.filter((area) => only === undefined || only.includes(area));
const looksAtRest = only === undefined ? chosen === undefined : only.includes("rest");
if (!withoutPeers && wanted.length > 0) installPeers(say);
const before = processorTime();
const redis = await startRedisServer();
const contenders: ContenderResult[] = [];
let disturbance = noDisturbance;
let rest: readonly RestResult[] = [];
let goals: readonly Goal[];
let profiles: readonly ContenderProfile[];
try {
  const surroundings: Surroundings = {
    redisUrl: redis.url,
    edgeHeaders: wanted.includes("gateway") ? await headersOfGateway(redis.url) : {},
  };
  for (const area of wanted) {
    const measured = await measureArea({
      area,
      entries: entries.filter((entry) => entry.area === area && takesPart(entry)),
      surroundings,
      brokerPid: redis.pid,
      effort: effortFor(area),
      say,
    });
    contenders.push(...measured.contenders);
    disturbance = sumOf(disturbance, measured.disturbance);
    say(`\n${areaPart(area, measured.contenders)}\n`);
  }
  if (wanted.length > 0) say(disturbancePart(disturbance));
  if (looksAtRest) {
    try {
      rest = await measureRest({ rounds: rounds === undefined ? (quick ? 3 : 7) : Number(rounds), say });
      say(`\n${restPart(rest)}\n`);
    } catch (error) {
      // Everything else that was measured must not be lost for it.
      say(`rest: ${(error as Error).message}`);
    }
  }
  const ofContenders = judge(contenders);
  goals = [...ofContenders, ...(looksAtRest ? judgeRest(rest) : [])];
  say(`\n## Goals\n\n${goalTable(goals)}\n`);
  profiles = await profileGoals(ofContenders.filter(isProfiled), surroundings, say);
  if (profiles.length > 0) say(`\n${profilesPart(profiles)}`);
} finally {
  await redis.stop();
}

if (whole) {
  const stacks = Object.fromEntries(["local", "http", "redis"].map((name) => [name, stackOf(name)]));
  const results: Results = { machine: describeMachine(before), disturbance, goals, contenders, rest, profiles, stacks };
  writeFileSync(`${root}bench/RESULTS.md`, reportOf(results));
  writeFileSync(`${root}bench/results.json`, `${JSON.stringify(results, rounded, 1)}\n`);
  say("\nWritten: bench/RESULTS.md, bench/results.json");
}

function takesPart({ name, packages }: Entry): boolean {
  if (withoutPeers && packages.length > 0) return false;
  return chosen === undefined || chosen.some((part) => name.includes(part));
}

function isProfiled(goal: ContenderGoal): boolean {
  const verdict = verdictOf(goal);
  if (whole) return verdict === "missed";
  if (!values.profile || goal.atLeast === null || !contenders.some(({ name }) => name === goal.of)) return false;
  return verdict === "missed" || verdict === "not measured";
}

function effortFor(area: Area): Effort {
  const usual = effortOf(area, quick);
  return {
    rounds: rounds === undefined ? usual.rounds : Number(rounds),
    durationMs: roundMs === undefined ? usual.durationMs : Number(roundMs),
  };
}

/** The Pangaea gateway is started for a moment, and asked. */
async function headersOfGateway(redisUrl: string): Promise<Record<string, string>> {
  const { gateway } = await import("./pangaea/contenders.js");
  const { address, stop } = await gateway.serve({ redisUrl, edgeHeaders: {} });
  try {
    return await fixedHeaders(address);
  } finally {
    await stop();
  }
}

function stackOf(topology: string): string {
  const main = `${root}dist/src/cli/main.js`;
  return execFileSync(
    process.execPath,
    [main, "stack", "product", "--topology", `${root}bench/pangaea/${topology}.yaml`],
    {
      encoding: "utf8",
    },
  );
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(5)) : value;
}
