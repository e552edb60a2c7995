import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { startRedisServer } from "../../src/testing/index.js";
import { installPeers } from "../install-peers.js";
import { describeMachine, processorTime, root, versionsOf } from "../machine.js";
import { Contender } from "./contender.js";
import { goalTable, intoReadme, reportOf, storageTable } from "./report.js";
import { judge, names, type ShopResults, type Storage, type StorageResults } from "./results.js";
import { pangaea, type Place, statusQuo } from "./systems.js";

const usage = `npm run bench:shop -- [--only durable|memory] [--quick]
A whole run writes bench/SHOP.md, bench/shop-results.json and the README's table; one that leaves something out only prints.`;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help || (values.only !== undefined && !["durable", "memory"].includes(values.only))) {
  process.stdout.write(`${usage}\n`);
  process.exit(values.help ? 0 : 2);
}
const effort = values.quick ? { seconds: 2, rounds: 3, warmUp: 300 } : { seconds: 4, rounds: 7, warmUp: 3_000 };
const say = (text: string) => void process.stdout.write(`${text}\n`);

const systems = [
  [names.statusQuo, statusQuo],
  [names.monolith, pangaea("start", "config/monolith.yaml")],
  [names.http, pangaea("split", "config/split.yaml")],
  [names.redis, pangaea("split", "config/split-redis.yaml", true)],
] as const;

// So that what was started ends with this process.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

installPeers(say);
const before = processorTime();
const storages: StorageResults[] = [];
if (values.only !== "memory") storages.push(await measure("durable", `${root}bench`));
if (values.only !== "durable") {
  if (existsSync("/dev/shm")) storages.push(await measure("in memory", "/dev/shm"));
  else say("in memory: skipped, there is no /dev/shm here.");
}
const goals = judge(storages);
say(`\n${goalTable(goals)}`);
if (values.only === undefined && !values.quick) {
  const { seconds, rounds } = effort;
  const versions = {
    ...versionsOf(["fastify"]),
    ...ownVersions(["express", "undici", "ioredis", "better-sqlite3", "kysely"]),
  };
  const results: ShopResults = { machine: describeMachine(before), versions, seconds, rounds, goals, storages };
  writeFileSync(`${root}bench/SHOP.md`, reportOf(results));
  writeFileSync(`${root}bench/shop-results.json`, `${JSON.stringify(results, rounded, 1)}\n`);
  intoReadme(results);
  say("\nWritten: bench/SHOP.md, bench/shop-results.json, and the table in README.md");
}

/** Runs every contender on one kind of storage: all are up at once, and take turns. */
async function measure(storage: Storage, parent: string): Promise<StorageResults> {
  const redis = await startRedisServer();
  const dataRoot = mkdtempSync(`${parent}/shop-data-`);
  const place: Place = { dataRoot, redis };
  const contenders: Contender[] = [];
  try {
    for (const [name, start] of systems) {
      say(`${storage}: starting ${name}`);
      contenders.push(await Contender.start(name, start, place));
    }
    for (const contender of contenders) await contender.warmUp(effort.warmUp);
    const peak = await peakOf(contenders[0]!);
    const rate = peak / 2;
    say(`${storage}: the status quo's peak is ${peak.toFixed(0)} requests/s; everyone is asked at ${rate.toFixed(0)}`);
    for (let round = 1; round <= effort.rounds; round++) {
      for (const contender of contenders) {
        const { orderP50, cpuPerOrder } = await contender.round(rate, effort.seconds);
        say(`  ${round} ${contender.name}: p50 ${orderP50.toFixed(1)} ms, CPU ${cpuPerOrder.toFixed(2)} ms per order`);
      }
    }
    const results = { storage, peak, rate, contenders: contenders.map((contender) => contender.figures()) };
    say(`\n${storageTable(results)}\n`);
    return results;
  } finally {
    await Promise.all(contenders.map((contender) => contender.stop()));
    await redis.stop();
    rmSync(dataRoot, { recursive: true, force: true });
  }
}

/** The best of several closed loops, a few customers and many. */
async function peakOf(contender: Contender): Promise<number> {
  let peak = 0;
  for (const customers of [8, 16, 32, 64, 16, 32, 64]) {
    peak = Math.max(peak, await contender.saturate(customers, effort.seconds));
  }
  return peak;
}

function ownVersions(packages: readonly string[]): Record<string, string> {
  const require = createRequire(`${root}package.json`);
  const { dependencies } = require("./package.json") as { dependencies: Record<string, string> };
  return Object.fromEntries(packages.map((name) => [name, dependencies[name]!]));
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(5)) : value;
}
