import { availableParallelism, cpus, release, type } from "node:os";
import { parseArgs } from "node:util";
import { table } from "../../src/cli/table.js";
import { etcdMissing } from "../../src/testing/etcd-server.js";
import { startRedisServer } from "../../src/testing/redis-server.js";
import { chosen, containing, wholeNumber } from "../chaos/command-line.js";
import { writeIntoDocs } from "../chaos/into-docs.js";
import { type LayoutName, startChain } from "./chain-system.js";
import { faults } from "./faults.js";
import { headings, type Row, rowOfNeighbour, rowOfReplacement, rowOfTrial } from "./judge.js";
import { peakOf } from "./open-loop.js";
import { rollingRestart, startSupervised } from "./rolling-restart.js";
import { sickNeighbour } from "./sick-neighbour.js";
import { trial } from "./trial.js";

/** Hurts a chain of four processes under load, replaces every process of a shop, and judges what it cost. */
const layouts = ["http", "redis", "etcd"] as const satisfies LayoutName[];
const usage = `npm run test:faults -- [options]
  --fault <text>    only faults whose name contains this; may be repeated
  --layout <name>   only this layout: ${layouts.join(", ")}; may be repeated
  --seconds <n>     how long each fault lasts, by default 10
  --requests <n>    while every process is replaced, for each layout and operation; by default 20000
  --docs            writes the table into docs/reliability.md
Exit code 1 where a limit is broken.
`;
const { values } = parseArgs({
  options: {
    fault: { type: "string", multiple: true, default: [""] },
    layout: { type: "string", multiple: true, default: [...layouts] },
    seconds: { type: "string", default: "10" },
    requests: { type: "string", default: "20000" },
    docs: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const duringMs = 1_000 * wholeNumber("seconds", values.seconds);
const requests = wholeNumber("requests", values.requests);
const replacements = { restart: "rolling restart", deploy: "redeploy" } as const;
const sicknesses = { loop: "loop in another module", leak: "leak in another module" } as const;
const wantedLayouts = chosen("layout", values.layout, layouts);
const isWanted = containing("fault", values.fault, [
  ...faults.map(({ name }) => name),
  ...Object.values(replacements),
  ...Object.values(sicknesses),
]);
const peakClients = 32;
const peakMs = 5_000;
const beforeMs = 5_000;
/** Of the peak, while nobody asks for more: a fault is not to be taken for too much work. */
const shareOfPeak = 1 / 4;
const [minRate, maxRate] = [5, 200];

const say = (text: string) => void process.stdout.write(`${text}\n`);
const rows: Row[] = [];
const notes: string[] = [];
const add = (row: Row) => {
  rows.push(row);
  say(row.cells.join("  "));
  for (const text of row.broken) say(`    ${text}`);
};

async function hurtChain(layout: (typeof layouts)[number]): Promise<void> {
  const wanted = faults.filter((fault) => fault.layouts.includes(layout) && isWanted(fault.name));
  if (wanted.length === 0) return;
  const chain = await startChain(layout);
  try {
    const peak = await peakOf(chain.url, peakClients, peakMs);
    const rate = Math.round(Math.max(minRate, Math.min(maxRate, peak * shareOfPeak)));
    const start = `${(chain.startMs / 1_000).toFixed(1)} s`;
    notes.push(`${layout}: started in ${start}, peak ${Math.round(peak)}/s, asked at ${rate}/s`);
    const recoverWithinMs = 30_000 + 3 * chain.startMs;
    for (const fault of wanted) {
      const figures = await trial(chain, fault, { rate, peak, beforeMs, duringMs, recoverWithinMs });
      add(rowOfTrial(layout, figures, chain.startMs));
    }
  } finally {
    await chain.stop();
  }
}

const shopOf = { http: "config/split.yaml", redis: "config/split-redis.yaml" } as const;

async function sickenShop(layout: (typeof layouts)[number]): Promise<void> {
  const wanted = (["loop", "leak"] as const).filter((sickness) => isWanted(sicknesses[sickness]));
  if (layout === "etcd" || wanted.length === 0) return;
  const redis = layout === "redis" ? await startRedisServer() : undefined;
  const env: Record<string, string> = redis === undefined ? {} : { REDIS_URL: redis.url };
  try {
    for (const sickness of wanted) {
      const topology = shopOf[layout];
      add(rowOfNeighbour(layout, await sickNeighbour({ topology, env, sickness, perSecond: 50, forMs: duringMs })));
    }
  } finally {
    await redis?.stop();
  }
}

async function replaceShop(layout: (typeof layouts)[number]): Promise<void> {
  const operations = (["restart", "deploy"] as const).filter((operation) => isWanted(replacements[operation]));
  if (layout === "etcd" || operations.length === 0) return;
  const redis = layout === "redis" ? await startRedisServer() : undefined;
  const shop = await startSupervised(shopOf[layout], redis === undefined ? {} : { REDIS_URL: redis.url });
  try {
    for (const operation of operations)
      add(
        rowOfReplacement(
          layout,
          replacements[operation],
          await rollingRestart(shop, { operation, clients: 8, requests }),
        ),
      );
  } finally {
    await shop.system.stop();
    await redis?.stop();
  }
}

async function main(): Promise<void> {
  for (const layout of wantedLayouts) {
    const missing = layout === "etcd" ? etcdMissing() : undefined;
    if (missing === undefined) await hurtChain(layout);
    else say(`etcd: skipped, ${missing}`);
    await sickenShop(layout);
    await replaceShop(layout);
  }
  const cells = rows.map((row) => row.cells);
  say(`\n${table(headings, cells)}\n`);
  const machine = `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? "?"}, ${type()} ${release()}`;
  const broken = rows.filter((row) => row.broken.length > 0).length;
  const conditions = [`Node ${process.versions.node}`, ...notes].join("; ");
  const about = `${new Date().toISOString().slice(0, 10)}, ${machine}, ${conditions}. ${broken} of ${rows.length} rows break a limit.`;
  say(about);
  if (values.docs) writeIntoDocs("npm run test:faults", { headings, rows: cells }, about);
  process.exitCode = broken === 0 ? 0 : 1;
}

if (values.help) say(usage);
else await main();
