import { readFileSync, writeFileSync } from "node:fs";
import { root } from "../machine.js";
import { table } from "../markdown-table.js";
import { withheldPart } from "../report.js";
import type { Spread } from "../statistics.js";
import type { ContenderFigures, ShopGoal, ShopResults, StorageResults } from "./results.js";

const digits = (value: number): string => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
const middle = ({ median, low, high }: Spread): string => `${digits(median)} (${digits(low)}–${digits(high)})`;

/** Goals beside what was measured. */
export const goalTable = (goals: readonly ShopGoal[]): string =>
  table(
    ["times less than the status quo", "at least", "aim", "measured", ""],
    goals.map(({ name, atLeast, aim, measured }) => [
      name,
      String(atLeast),
      String(aim),
      measured === null ? "" : measured.toFixed(2),
      measured === null ? "not measured" : measured < atLeast ? "missed" : measured < aim ? "reached" : "aim reached",
    ]),
  );

/** What every contender did on one kind of storage. */
export const storageTable = ({ contenders }: StorageResults): string =>
  table(
    [
      "",
      "requests/s",
      "order p50",
      "order p99",
      "read p50",
      "read p99",
      "CPU per order",
      "processes",
      "memory",
      "failed",
    ],
    contenders.map((one) => [
      one.name,
      digits(one.perSecond.median),
      middle(one.orderP50),
      middle(one.orderP99),
      middle(one.readP50),
      middle(one.readP99),
      middle(one.cpuPerOrder),
      String(Object.keys(one.memory).length),
      `${memoryOf(one)} MB`,
      String(one.failed),
    ]),
  );

const memoryOf = ({ memory }: ContenderFigures): number =>
  Object.values(memory).reduce((sum, { afterLoad }) => sum + afterLoad, 0);

const memoryTable = ({ contenders }: StorageResults): string =>
  contenders
    .map(({ name, memory }) => {
      const list = Object.entries(memory).map(
        ([process, { atRest, afterLoad }]) => `${process} ${atRest}/${afterLoad}`,
      );
      return `- ${name}: ${list.join(", ")}`;
    })
    .join("\n");

const whatItIs = `Customers place orders (\`POST /orders\`) and read products (\`GET /products/:id\`), one for one, through the
gateway. Each contender is asked at half of the status quo's peak, at even distances, however slowly it answers (an open
loop); the peak is the best of seven closed loops with 8 to 64 customers. All contenders are up at once and take turns.
Latencies are counted from the moment a request was due. CPU per order is what \`/proc/PID/stat\` says of all processes of
the system, the broker's included, while one order and one read are answered and the order's event is delivered. Figures
are medians over the rounds, in brackets the range of the middle half; times in ms.

**The status quo** is \`bench/shop/status-quo\`: users, catalog, inventory, payments, orders and notifications as fastify
services, a process each, and a fastify edge; one HTTP request per call over an undici pool with kept connections,
schemas compiled by fastify on both ends. It keeps Pangaea's promises for these flows: a saga whose every step is
committed before the next begins, idempotency keys, outbox and inbox. It uses Pangaea's own storage (\`src/storage\`) and
the modules' own tables: the same SQLite, pragmas, query builder, files and number of commits, so that storage is no
difference between the contenders. Its edge composes a product from catalog and inventory itself; Pangaea's split has the
storefront as a process more for that.

**durable** keeps the data on a disk. **in memory** keeps the same SQLite files on tmpfs (\`/dev/shm\`), by \`DATA_DIR\` and
nothing else, for all contenders: no code is changed, and syncing costs nothing.`;

/** The run as `SHOP.md`. */
export function reportOf({ machine, versions, seconds, rounds, goals, storages }: ShopResults): string {
  const { date, commit, node, redis, system, cores, cpu, memoryGb, withheld } = machine;
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const parts = [
    "# The whole shop: `npm run bench:shop`",
    "Written by the run itself. Ratios carry over to other machines; absolute figures do not.",
    `${date}, commit ${commit}. Node ${node}, redis-server ${redis}, ${packages.join(", ")}; ${system}, ${cores} cores ` +
      `(${cpu}), ${memoryGb} GB. ${rounds} rounds of ${seconds} s each.${withheldPart(withheld)}`,
    whatItIs,
    "## Goals",
    goalTable(goals),
    ...storages.map((one) =>
      [
        `## ${one.storage[0]!.toUpperCase()}${one.storage.slice(1)}`,
        `Peak of the status quo: ${digits(one.peak)} requests/s; asked at ${digits(one.rate)}.`,
        storageTable(one),
        "Resident memory in MB, at rest and after the load:",
        memoryTable(one),
      ].join("\n\n"),
    ),
  ];
  return `${parts.join("\n\n")}\n`;
}

const [begin, end] = ["<!-- written by npm run bench:shop -->", "<!-- end -->"];

/** Puts the run's table where the README has its place for it. */
export function intoReadme({ machine, storages }: ShopResults): void {
  const file = `${root}README.md`;
  const text = readFileSync(file, "utf8");
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`${file} has no place for the table between "${begin}" and "${end}"`);
  const rows = storages.flatMap(({ storage, contenders }) =>
    contenders.map((one) => [
      `${storage}: ${one.name}`,
      digits(one.perSecond.median),
      digits(one.orderP50.median),
      digits(one.orderP99.median),
      digits(one.cpuPerOrder.median),
      `${memoryOf(one)} MB in ${Object.keys(one.memory).length}`,
    ]),
  );
  const headings = ["", "requests/s", "order p50, ms", "order p99, ms", "CPU per order, ms", "memory, processes"];
  const about = `${machine.date}, commit ${machine.commit}, ${machine.cores} cores; more in [bench/SHOP.md](bench/SHOP.md).`;
  writeFileSync(file, `${text.slice(0, from)}${begin}\n\n${table(headings, rows)}\n\n${about}\n\n${text.slice(to)}`);
}
