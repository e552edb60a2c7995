import { fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { table } from "../../src/cli/table.js";
import { writeIntoDocs } from "../chaos/into-docs.js";
import { wholeNumber } from "../chaos/command-line.js";
import { percentile } from "../chaos/report.js";
import { failedSeeds, keepFailedSeed } from "./failed-seeds.js";
import { type Course, Simulation } from "./simulate.js";

/**
 * Runs the shop in virtual time, seed after seed: first those that have failed once, then new ones. Each core has a
 * process of its own. Exit code 1 where a guarantee was broken; the seed is kept and runs first from then on.
 */
const usage = `npm run test:simulation -- [options]
  --seeds <n>    how many, by default 20000
  --from <n>     the first of them, by default 1
  --seed <n>     this one alone, with its whole story
  --verbose      with --seed: also what the processes log
`;
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "20000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    verbose: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
    // For the processes that this one starts.
    share: { type: "string" },
  },
});
const say = (text: string) => void process.stdout.write(`${text}\n`);
const from = wholeNumber("from", values.from);
const seeds = wholeNumber("seeds", values.seeds);
const defaultSeeds = 20_000;

/** What a process of a run tells of one seed. */
type Told = Omit<Course, "story">;

async function one(seed: number): Promise<void> {
  const simulation = await Simulation.open();
  const { story, layout, violations, counts, settledAfterMs } = await simulation.run(seed, values.verbose);
  simulation.close();
  say(`${story.join("\n")}\n`);
  say(`seed ${seed}, ${layout}: settled ${settledAfterMs} ms after the trouble; ${JSON.stringify(counts)}`);
  for (const violation of violations) say(`VIOLATED ${violation}`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}

/** Runs the seeds of one share of all: `2/4` is the third of four. */
async function share(which: string): Promise<void> {
  const [mine, all] = which.split("/").map(Number) as [number, number];
  const simulation = await Simulation.open();
  const list = [...failedSeeds(), ...Array.from({ length: seeds }, (_, index) => from + index)];
  for (const [index, seed] of list.entries()) {
    if (index % all !== mine) continue;
    const { story: _, ...told } = await simulation.run(seed);
    process.send!(told);
  }
  simulation.close();
  process.disconnect();
}

async function everything(): Promise<void> {
  const startedAt = performance.now();
  const told: Told[] = [];
  const shares = availableParallelism();
  await Promise.all(
    Array.from({ length: shares }, async (_, index) => {
      const child = fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), `--share=${index}/${shares}`]);
      child.on("message", (message: Told) => {
        told.push(message);
        for (const violation of message.violations) say(`seed ${message.seed}, ${message.layout}: ${violation}`);
        if (message.violations.length > 0) keepFailedSeed(message.seed);
        if (told.length % 1_000 === 0) say(`${told.length} seeds, ${seconds(performance.now() - startedAt)} s`);
      });
      const [code] = (await once(child, "exit")) as [number | null];
      if (code !== 0) throw new Error(`a process of the simulation ended with ${code}`);
    }),
  );
  report(told, performance.now() - startedAt);
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(1);

function report(told: readonly Told[], tookMs: number): void {
  const kinds = ["orders", "ok", "failed", "kills", "holds", "locks", "full disks", "sent", "lost", "doubled"] as const;
  const rowOf = (layout: string, group: readonly Told[]) => {
    const settled = group.map(({ settledAfterMs }) => settledAfterMs);
    const violated = group.filter(({ violations }) => violations.length > 0).length;
    const sums = kinds.map((kind) => String(group.reduce((sum, { counts }) => sum + (counts[kind] ?? 0), 0)));
    const times = [0.5, 0.99, 1].map((part) => `${seconds(percentile(settled, part) ?? 0)} s`);
    return [layout, String(group.length), String(violated), ...sums, ...times];
  };
  const headings = ["layout", "seeds", "violated", ...kinds, "settled p50", "p99", "longest"];
  headings[headings.indexOf("sent")] = "messages";
  const groups = [...Map.groupBy(told, ({ layout }) => layout)].toSorted(([a], [b]) => a.localeCompare(b));
  const rows = [...groups.map(([layout, group]) => rowOf(layout, group)), rowOf("all", told)];
  say(`\n${table(headings, rows)}\n`);
  const about = `Seeds ${from} to ${from + seeds - 1} and those that have failed once, in ${seconds(tookMs)} s; Node ${process.versions.node}, ${availableParallelism()} cores. Times are virtual.`;
  say(about);
  if (seeds >= defaultSeeds) writeIntoDocs("npm run test:simulation", { headings, rows }, about);
  process.exitCode = told.some(({ violations }) => violations.length > 0) ? 1 : 0;
}

if (values.help) say(usage);
else if (values.seed !== undefined) await one(wholeNumber("seed", values.seed));
else if (values.share !== undefined) await share(values.share);
else await everything();
