import { rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { freePort, launch, type Launched, startRedisServer } from "pangaea/testing";
import { table } from "../../src/cli/table.js";
import { dataFolder } from "../../src/testing/data-folder.js";
import { allStories } from "../scenarios/all-stories.js";
import { runStories } from "../scenarios/run-stories.js";
import { audit, fingerprint } from "./audit.js";
import { Load, type Seen } from "./load.js";

/**
 * Takes a shop under load from the monolith to processes and back. Between two stages every process is drained and the
 * next layout started on the same data and port; requests that arrive then are tried again by the load's client, which
 * the column "waited" counts.
 */
const stages = [
  { name: "monolith", topology: "config/monolith.yaml" },
  { name: "notifications out", topology: "test/demo/topologies/notifications-out.yaml" },
  { name: "payments and inventory out", topology: "test/demo/topologies/payments-and-inventory-out.yaml" },
  { name: "everything out, over HTTP", topology: "config/split.yaml" },
  { name: "everything out, over Redis", topology: "config/split-redis.yaml", redis: true },
  { name: "back to the monolith", topology: "config/monolith.yaml" },
] as const;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "5" },
    stories: { type: "string" },
    customers: { type: "string", default: "4" },
  },
});
const say = (text: string) => void process.stdout.write(`${text}\n`);
const percentile = (sorted: readonly number[], share: number) =>
  sorted.length === 0
    ? "-"
    : `${sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toFixed(1)} ms`;

const port = await freePort();
const dataDir = await dataFolder();
const redis = await findRedis();
const stories = (await allStories()).slice(0, values.stories === undefined ? undefined : Number(values.stories));
const load = new Load(`http://127.0.0.1:${port}`);
const before = await fingerprint("modules");
const rows: string[][] = [];
let failedStories = 0;
let running: Launched | undefined;

try {
  for (const [index, stage] of stages.entries()) {
    if ("redis" in stage && redis === undefined) {
      say(`${stage.name}: skipped, no redis-server here and no REDIS_URL answers.`);
      continue;
    }
    say(
      `${stage.name}: ${running === undefined ? "starting" : "draining the last layout, starting this one"} (${stage.topology})`,
    );
    await running?.stop();
    running = await launch({ topology: stage.topology, port, dataDir, env: { REDIS_URL: redis?.url } });
    if (index === 0) load.start(Number(values.customers));
    await new Promise((resolve) => setTimeout(resolve, Number(values.seconds) * 1000));
    const results = await runStories(running.url, { stories, atOnce: 4 });
    for (const { title, error } of results) if (error !== undefined) say(`  not passed: ${title}: ${error.message}`);
    const passed = results.filter(({ error }) => error === undefined).length;
    failedStories += results.length - passed;
    rows.push(rowOf(stage.name, running, load.take(), `${passed}/${results.length}`));
  }
  await load.stop();
  const { acknowledged, lost, doubled, notNotified } = await audit(
    load.acknowledged.length === 0 ? "" : running!.url,
    load.acknowledged,
  );
  const after = await fingerprint("modules");
  const headings = [
    "stage",
    "processes",
    "requests",
    "failed",
    "waited",
    "p50 of POST /orders",
    "p99",
    "scenarios passed",
  ];
  say(`\n${table(headings, rows)}\n`);
  say(
    `Node ${process.versions.node}, ${availableParallelism()} cores; latencies as the customer felt them, waiting for a restart included.`,
  );
  say(
    `${acknowledged} orders acknowledged: ${lost} lost, ${doubled} doubled, ${notNotified} without their notification.`,
  );
  say(`modules before ${before}, after ${after}: ${before === after ? "no file changed" : "FILES CHANGED"}.`);
  for (const problem of load.problems.slice(0, 5)) say(`failed: ${problem}`);
  process.exitCode =
    failedStories + load.problems.length + lost + doubled + notNotified > 0 || before !== after ? 1 : 0;
} finally {
  await load.stop();
  await running?.stop();
  await redis?.stop();
  await rm(dataDir, { recursive: true, force: true });
}

function rowOf(name: string, system: Launched, seen: Seen, passed: string): string[] {
  const latencies = seen.orderLatencies.toSorted((a, b) => a - b);
  const count = system.output().match(/\| .*Ready/g)?.length ?? 0;
  return [
    name,
    String(count),
    String(seen.requests),
    String(seen.failed),
    String(seen.waited),
    percentile(latencies, 0.5),
    percentile(latencies, 0.99),
    passed,
  ];
}

/** The broker that `REDIS_URL` names, or one of our own; undefined where there is neither. */
async function findRedis(): Promise<{ url: string; stop(): Promise<void> } | undefined> {
  const { REDIS_URL } = process.env;
  if (REDIS_URL !== undefined && REDIS_URL !== "") return { url: REDIS_URL, stop: () => Promise.resolve() };
  return startRedisServer().catch(() => undefined);
}
