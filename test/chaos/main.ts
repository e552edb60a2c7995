import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { table } from "../../src/cli/table.js";
import { chosen, containing, wholeNumber } from "./command-line.js";
import type { Fault } from "./faults.js";
import { writeIntoDocs } from "./into-docs.js";
import { faultsOf, layoutNames, refusalOf, shortPlan, shortSeed, topologyOf } from "./plan.js";
import { percentile, tableOf, violationsOf } from "./report.js";
import { type Outcome, run, type Trial } from "./trial.js";

/**
 * Hurts a running shop in every way there is, in every layout, and judges from outside what became of its orders. A run
 * of everything writes its table into docs/reliability.md. Exit code 1 where anything was lost, doubled, out of balance,
 * stuck or unanswered.
 */
const usage = `npm run test:chaos -- [options]
  --layout <name>   only this layout: ${layoutNames.join(", ")}; may be repeated
  --fault <text>    only faults whose name contains this; may be repeated
  --rounds <n>      how often each, by default 3
  --orders <n>      orders in each, at least; by default 24
  --seed <text>     decides whatever chance decides; printed by every run
  --short           what npm test runs
`;
const { values } = parseArgs({
  options: {
    layout: { type: "string", multiple: true, default: [...layoutNames] },
    fault: { type: "string", multiple: true, default: [""] },
    rounds: { type: "string", default: "3" },
    orders: { type: "string", default: "24" },
    seed: { type: "string" },
    short: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const say = (text: string) => void process.stdout.write(`${text}\n`);
const seed = values.seed ?? (values.short ? shortSeed : randomUUID().slice(0, 8));
const rounds = values.short ? 1 : wholeNumber("rounds", values.rounds);
const orders = wholeNumber("orders", values.orders);
const isWhole = !values.short && values.fault.join("") === "" && values.layout.length === layoutNames.length;

async function main(): Promise<void> {
  say(`seed ${seed}`);
  const startedAt = performance.now();
  const outcomes: Outcome[] = [];
  let violated = 0;
  for (const trial of await trials()) {
    const outcome = await run(trial);
    outcomes.push(outcome);
    const violations = violationsOf(outcome);
    if (violations.length > 0) violated++;
    say(`${lineOf(trial, outcome)}: ${violations.length === 0 ? "all well" : "VIOLATED"}`);
    for (const violation of violations) say(`    ${violation}`);
    if (violations.length > 0) say(`    what it printed: ${saved(trial, outcome)}`);
  }
  const { headings, rows } = tableOf(outcomes);
  say(`\n${table(headings, rows)}\n`);
  const minutes = Math.round((performance.now() - startedAt) / 60_000);
  const start =
    percentile(
      outcomes.map(({ startMs }) => startMs),
      0.5,
    ) ?? 0;
  const about = `Seed ${seed}, ${outcomes.length} runs in ${minutes} minutes, Node ${process.versions.node}, ${availableParallelism()} cores, a start takes ${(start / 1000).toFixed(1)} s; ${violated} violated.`;
  say(about);
  if (isWhole) writeIntoDocs("npm run test:chaos", { headings, rows }, about);
  process.exitCode = violated === 0 ? 0 : 1;
}

async function trials(): Promise<Trial[]> {
  const result: Trial[] = [];
  const layouts = await Promise.all(
    chosen("layout", values.layout, layoutNames).map(async (layout) => ({
      layout,
      topology: await topologyOf(layout),
    })),
  );
  const names = layouts.flatMap(({ topology }) => faultsOf(topology).map(({ name }) => name));
  const isNamed = containing("fault", values.fault, names);
  for (const { layout, topology } of layouts) {
    for (const fault of faultsOf(topology).filter((each) =>
      values.short ? isShort(layout, each) : isNamed(each.name),
    )) {
      const refusal = refusalOf(fault);
      if (refusal !== undefined) say(`${layout}, ${fault.name}: skipped, ${refusal}`);
      else for (let round = 1; round <= rounds; round++) result.push({ topology, fault, seed, round, orders });
    }
  }
  return result;
}

const isShort = (layout: string, { name }: Fault): boolean =>
  shortPlan.some((planned) => planned.layout === layout && planned.fault === name);

const lineOf = ({ round }: Trial, { layout, fault, asked, ok, failed, deaths }: Outcome): string =>
  `${layout}, ${fault}, ${round}: ${asked} asked, ${ok} ok, ${failed} refused, ${deaths} killed`;

function saved({ round }: Trial, { layout, fault, output }: Outcome): string {
  const file = join(tmpdir(), `pangaea-chaos-${seed}-${layout}-${fault.replace(/\W+/g, "-")}-${round}.log`);
  writeFileSync(file, output);
  return file;
}

if (values.help) say(usage);
else await main();
