import type { Machine } from "../machine.js";
import { ratioOf, type Spread } from "../statistics.js";

export type Storage = "durable" | "in memory";

/** What one contender did at the common rate. Latencies and CPU in milliseconds, memory in MB. */
export interface ContenderFigures {
  readonly name: string;
  readonly perSecond: Spread;
  readonly orderP50: Spread;
  readonly orderP99: Spread;
  readonly readP50: Spread;
  readonly readP99: Spread;
  /** Over all processes of the system, the broker included, with the reads that came along. */
  readonly cpuPerOrder: Spread;
  readonly failed: number;
  /** Process → resident memory, before the load and after it. */
  readonly memory: Readonly<Record<string, { readonly atRest: number; readonly afterLoad: number }>>;
}

/** One kind of storage: the rate at which all contenders were asked, and what they did. */
export interface StorageResults {
  readonly storage: Storage;
  /** The status quo's, in requests per second. */
  readonly peak: number;
  readonly rate: number;
  readonly contenders: readonly ContenderFigures[];
}

/** A ratio to reach: how many times less than the status quo. */
export interface ShopGoal {
  readonly name: string;
  readonly atLeast: number;
  readonly aim: number;
  /** Null where a contender is missing or failed. */
  readonly measured: number | null;
}

/** What `bench/shop-results.json` holds. */
export interface ShopResults {
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly seconds: number;
  readonly rounds: number;
  readonly goals: readonly ShopGoal[];
  readonly storages: readonly StorageResults[];
}

export const names = {
  statusQuo: "status quo",
  monolith: "Pangaea, monolith",
  http: "Pangaea, split over HTTP",
  redis: "Pangaea, split over Redis",
} as const;

type Metric = "cpuPerOrder" | "orderP50";

const specs: readonly [Storage, string, Metric, number, number][] = [
  ["durable", names.monolith, "cpuPerOrder", 3.5, 5],
  ["durable", names.monolith, "orderP50", 3, 5],
  ["in memory", names.monolith, "cpuPerOrder", 6, 9],
  ["in memory", names.monolith, "orderP50", 8, 15],
  ["durable", names.http, "cpuPerOrder", 1.5, 2.5],
];
const words: Record<Metric, string> = { cpuPerOrder: "CPU per order", orderP50: "median of an order" };

/** What the run made of every goal of the storages that it measured. */
export const judge = (storages: readonly StorageResults[]): ShopGoal[] =>
  specs.flatMap(([storage, of, metric, atLeast, aim]) => {
    const measured = storages.find((one) => one.storage === storage);
    if (measured === undefined) return [];
    const find = (name: string) => measured.contenders.find((contender) => contender.name === name);
    const [ours, theirs] = [find(of), find(names.statusQuo)];
    const ratio = ours === undefined || theirs === undefined ? null : ratioOf(theirs[metric], ours[metric]);
    return [{ name: `${storage}: ${words[metric]}, ${of}`, atLeast, aim, measured: ratio }];
  });
