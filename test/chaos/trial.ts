import { rm } from "node:fs/promises";
import { systemClock } from "../../src/core/clock.js";
import { systemIds } from "../../src/core/ids.js";
import { silentLogger } from "../../src/core/logger.js";
import type { Module } from "../../src/core/module.js";
import type { Topology } from "../../src/core/topology.js";
import { audit } from "../../src/runtime/audit.js";
import { sqliteFile } from "../../src/runtime/open-backend.js";
import { openSqliteReadOnly } from "../../src/storage/sqlite.js";
import { dataFolder } from "../../src/testing/data-folder.js";
import { startRedisServer } from "../../src/testing/redis-server.js";
import { shopModules } from "../scenarios/layouts.js";
import { ChaosSystem } from "./chaos-system.js";
import { Customers } from "./customers.js";
import type { Fault } from "./faults.js";
import { judge, type Judgement } from "./judge.js";
import { usesRedis } from "./plan.js";
import { Random } from "./random.js";
import { mountSmallDisk } from "./small-disk.js";

/** One fault in one layout. */
export interface Trial {
  readonly topology: Topology;
  readonly fault: Fault;
  /** Together with the round, layout and fault it decides whatever chance decides. */
  readonly seed: string;
  readonly round: number;
  /** How many orders to ask for at least. */
  readonly orders: number;
}

/** What a trial showed. */
export interface Outcome extends Judgement {
  readonly layout: string;
  readonly fault: string;
  /** How long the system took to start: what a machine takes for that, no recovery can undercut. Milliseconds. */
  readonly startMs: number;
  /** Processes that were killed. */
  readonly deaths: number;
  readonly asked: number;
  readonly ok: number;
  readonly failed: number;
  readonly unknown: number;
  /** Orders that were asked more than once before their answer came. */
  readonly askedAgain: number;
  /** Keys of the books for which two figures differ that should not. */
  readonly bookDifferences: number;
  /** Sagas that have not come to their end, or wait for a person. */
  readonly stuckSagas: number;
  /** For each order under way when the fault ended: how long until its answer. Milliseconds. */
  readonly recoveriesMs: readonly number[];
  /** Whatever else is not as it should be, in words. */
  readonly complaints: readonly string[];
  /** What the processes printed. */
  readonly output: string;
}

/** How long everything under way may take to end once the customers have gone. */
const settleMs = 30_000;
/** A share of the orders is answered before a fault is injected. */
const shareBefore = 1 / 4;

/** Runs a shop of its own, lets customers in, lets the fault happen, waits for rest, and judges. */
export async function run(trial: Trial): Promise<Outcome> {
  const { topology, fault, orders } = trial;
  const random = new Random(trial.seed, topology.file, fault.name, trial.round);
  const dataDir = await dataFolder();
  const redisFolder = await dataFolder();
  const disk = fault.diskBytes === undefined ? undefined : mountSmallDisk(dataDir, fault.diskBytes);
  const redis = usesRedis(topology) ? await startRedisServer({ folder: redisFolder }) : undefined;
  const startedAt = performance.now();
  const firstEnv = fault.firstEnv?.(random) ?? {};
  const system = await ChaosSystem.start({ topology, dataDir, redisUrl: redis?.url, firstEnv });
  const startMs = performance.now() - startedAt;
  try {
    const target = { system, dataDir, redis, redisFolder, random };
    await fault.prepare?.(target);
    let isInjected = false;
    const isOver = () => isInjected && (fault.firstEnv === undefined || system.deaths.length > 0);
    const customers = new Customers({ url: system.url, orders, isOver });
    const shopping = customers.enter().then((userIds) => customers.shop(userIds));
    await Promise.race([shopping, manyAnswered(customers, orders * shareBefore)]);
    await fault.inject?.(target);
    isInjected = true;
    const faultEnds = fault.inject === undefined ? [] : [performance.now()];
    await shopping;
    await system.ready();

    const books = await auditBooks(dataDir);
    const judgement = await judge(system.url, customers);
    const told = (what: string) => customers.orders.filter((order) => order.told === what).length;
    return {
      ...judgement,
      ...books,
      layout: topology.name,
      fault: fault.name,
      startMs,
      deaths: system.deaths.length,
      asked: customers.orders.length,
      ok: told("ok"),
      failed: told("failed"),
      unknown: told("unknown"),
      askedAgain: customers.orders.filter(({ attempts }) => attempts > 1).length,
      recoveriesMs: recoveriesOf(customers, [...faultEnds, ...system.deaths]),
      complaints: [
        ...books.complaints,
        ...customers.complaints,
        ...(fault.firstEnv !== undefined && system.deaths.length === 0 ? ["no process came to this step"] : []),
      ],
      output: system.output,
    };
  } finally {
    await system.stop();
    await redis?.stop();
    disk?.unmount();
    await rm(dataDir, { recursive: true, force: true });
    await rm(redisFolder, { recursive: true, force: true });
  }
}

async function manyAnswered(customers: Customers, count: number): Promise<void> {
  while (customers.answered < count) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** What `pangaea audit --wait` says of the shop. */
async function auditBooks(dataDir: string) {
  const modules = new Map((await shopModules()).map((module): [string, Module] => [module.name, module]));
  const parts = { clock: systemClock, ids: systemIds, logger: silentLogger };
  const { equations, openSagas, openEvents, parkedSagas, deadLetters, atRest } = await audit({
    modules,
    openStore: async (module) => openSqliteReadOnly(module, sqliteFile(module, { dataDir })),
    waitMs: settleMs,
    ...parts,
  });
  const wrong = equations.filter(({ differences = [] }) => differences.length > 0);
  return {
    bookDifferences: wrong.reduce((sum, { differences }) => sum + differences!.length, 0),
    stuckSagas: openSagas + parkedSagas,
    complaints: [
      ...wrong.map(({ text, differences }) => `the books differ: ${text}: ${JSON.stringify(differences!.slice(0, 3))}`),
      ...(atRest ? [] : [`not at rest after ${settleMs} ms: ${openSagas} sagas and ${openEvents} events under way`]),
      ...(parkedSagas > 0 ? [`${parkedSagas} sagas parked for a person`] : []),
      ...(deadLetters > 0 ? [`${deadLetters} events among the dead letters`] : []),
    ],
  };
}

/** From the last fault in an order's life to its answer. */
function recoveriesOf({ orders }: Customers, faultEnds: readonly number[]): number[] {
  return orders.flatMap(({ askedAt, answeredAt }) => {
    if (answeredAt === undefined) return [];
    const within = faultEnds.filter((at) => at > askedAt && at < answeredAt);
    return within.length === 0 ? [] : [answeredAt - Math.max(...within)];
  });
}
