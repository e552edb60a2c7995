import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CreateTransport, Logger, Module } from "../../src/core/index.js";
import type { Topology } from "../../src/core/topology.js";
import { loadTransport } from "../../src/runtime/project.js";
import { layoutNames, topologyOf } from "../chaos/plan.js";
import { Random } from "../chaos/random.js";
import { shopModules } from "../scenarios/layouts.js";
import { Customers } from "./customers.js";
import { type Plan, planOf } from "./faults.js";
import { judgeBooks, judgeOrders } from "./judge.js";
import { fairWeather } from "./network.js";
import { VirtualTime } from "./virtual-time.js";
import witnessModule from "./witness.js";
import { World } from "./world.js";

/** What became of one seed. Times are virtual milliseconds. */
export interface Course {
  readonly seed: number;
  readonly layout: string;
  /** What was broken; empty where all was well. */
  readonly violations: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  /** From the end of the trouble until every customer had an answer and nothing was under way. */
  readonly settledAfterMs: number;
  /** What happened, in order: the same for the same seed. */
  readonly story: readonly string[];
}

/** Where files cost least: in memory, where the system has such a place. */
const fastFolder = (): string => {
  try {
    return mkdtempSync("/dev/shm/pangaea-simulation-");
  } catch {
    return mkdtempSync(join(tmpdir(), "pangaea-simulation-"));
  }
};

const calm: Plan = { endMs: 0, weather: fairWeather, failpoints: [], events: [] };
const customersGiveUpMs = 120_000;
const longestDeadlineMs = 10_000;

/** Runs seeds, one after the other. Each begins with the files of a shop that has been started once before. */
export class Simulation {
  readonly #folder = fastFolder();
  readonly #template = join(this.#folder, "template");

  private constructor(
    private readonly modules: ReadonlyMap<string, Module>,
    private readonly topologies: ReadonlyMap<string, Topology>,
    private readonly inProcess: CreateTransport,
  ) {}

  static async open(): Promise<Simulation> {
    const modules = new Map([...(await shopModules()), witnessModule].map((module) => [module.name, module]));
    const topologies = new Map<string, Topology>();
    for (const name of layoutNames) topologies.set(name, withWitness(await topologyOf(name)));
    const simulation = new Simulation(modules, topologies, await loadTransport("in-process"));
    await simulation.#prepare();
    return simulation;
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** `verbose`: the story has what the processes logged, too. */
  async run(seed: number, verbose = false): Promise<Course> {
    const random = new Random("simulation", seed);
    const layout = random.pick(layoutNames);
    const topology = this.topologies.get(layout)!;
    const plan = planOf(random, topology);
    const time = new VirtualTime();
    const story: string[] = [];
    const note = (text: string) => void story.push(`${time.now} ${text}`);
    const dataDir = join(this.#folder, "data");
    cpSync(this.#template, dataDir, { recursive: true });
    const world = new World({
      ...this.#surroundings(topology, plan, time),
      random,
      dataDir,
      logger: loggerTo(note, verbose),
      note,
    });
    const customers = new Customers(world, time, random, note);
    let violations: string[] = [];
    let settledAfterMs = 0;
    const strays: string[] = [];
    const stray = (error: unknown) => void strays.push(String(error));
    process.on("unhandledRejection", stray);
    try {
      await time.run(world.start(), 60_000);
      await time.run(customers.enter(), 60_000);
      world.trouble();
      const overAt = time.now + plan.endMs;
      await time.run(customers.shop(), customersGiveUpMs);
      await time.run(time.sleep(overAt - time.now), customersGiveUpMs);
      violations.push(...(await time.run(judgeBooks({ modules: this.modules, dataDir, time }), 60_000)));
      settledAfterMs = time.now - overAt;
      const [answered] = customers.orders.filter(({ told }) => told !== "unknown");
      if (answered !== undefined) await time.run(customers.again(answered), 60_000);
      violations.push(...(await time.run(askShop(world, customers, time), 60_000)));
      // Who waits for a message that was lost waits until its deadline, and not longer.
      await time.run(time.sleep(longestDeadlineMs), 2 * longestDeadlineMs);
      if (world.pending > 0) violations.push(`${world.pending} calls are still pending`);
    } catch (error) {
      violations = [...customers.complaints, `broken off at ${time.now}: ${String(error)}`];
    } finally {
      await world.end();
      await new Promise(setImmediate);
      process.off("unhandledRejection", stray);
      rmSync(dataDir, { recursive: true, force: true });
    }
    violations.push(...world.owners.violations, ...strays.map((text) => `nobody took the error: ${text}`));
    const counts = {
      orders: customers.orders.length,
      ok: 0,
      failed: 0,
      unknown: 0,
      ...countsOf(customers),
      ...world.counts,
      ...world.network.counts,
    };
    return { seed, layout, violations, counts, settledAfterMs, story };
  }

  /** Starts the shop once, which makes its tables and its first products, and keeps the files. */
  async #prepare(): Promise<void> {
    mkdirSync(this.#template);
    const time = new VirtualTime();
    const random = new Random("template");
    const topology = this.topologies.get("monolith")!;
    const logger = loggerTo(() => {}, false);
    const world = new World({
      ...this.#surroundings(topology, calm, time),
      random,
      dataDir: this.#template,
      logger,
      note: () => {},
    });
    await time.run(world.start(), 60_000);
    await time.run(time.sleep(5_000), 60_000);
    await time.run(world.stop(), 60_000);
  }

  #surroundings(topology: Topology, plan: Plan, time: VirtualTime) {
    return { topology, modules: this.modules, inProcess: this.inProcess, plan, time };
  }
}

/** The witness lives where notifications do. */
const withWitness = (topology: Topology): Topology => ({
  ...topology,
  processes: topology.processes.map((process) =>
    process.modules.includes("notifications") ? { ...process, modules: [...process.modules, "witness"] } : process,
  ),
});

/** What the shop says of its orders, as soon as all of it is up. */
async function askShop(world: World, customers: Customers, time: VirtualTime): Promise<string[]> {
  for (; ; await time.sleep(500)) {
    const { entry } = world;
    // Whoever is killed in the middle of it does not even say so.
    const tooLate = time.sleep(2 * longestDeadlineMs).then(() => undefined);
    const answer =
      entry && (await Promise.race([judgeOrders(entry.runtime, customers).catch(() => undefined), tooLate]));
    if (answer !== undefined) return answer;
  }
}

const countsOf = ({ orders }: Customers) =>
  Object.fromEntries([...Map.groupBy(orders, ({ told }) => told)].map(([told, all]) => [told, all.length]));

function loggerTo(note: (text: string) => void, verbose: boolean): (process: string) => Logger {
  const say = (process: string) => (message: string, fields?: Record<string, unknown>) =>
    note(
      `${process}: ${message} ${JSON.stringify(fields, (_key, value: unknown) => (value instanceof Error ? String(value) : value))}`,
    );
  const loggerOf = (process: string): Logger => ({
    // Always, for a line draws ids: with and without the lines the same seed is to take the same course.
    debugging: true,
    debug: verbose ? say(process) : () => {},
    info: verbose ? say(process) : () => {},
    warn: say(process),
    error: say(process),
    child: ({ module }) => loggerOf(typeof module === "string" ? `${process}/${module}` : process),
  });
  return loggerOf;
}
