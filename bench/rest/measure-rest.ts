import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { residentMbOf } from "../shop/measure.js";
import { pangaea, type System } from "../shop/systems.js";
import { spreadOf } from "../statistics.js";
import { residentOfImports } from "./imports.js";
import { type Kind, librariesOf } from "./libraries.js";
import { monolith, type RestResult, settleMs, split } from "./results.js";

const systems = [
  { name: monolith, start: pangaea("start", "config/monolith.yaml") },
  { name: split, start: pangaea("split", "config/split.yaml") },
] as const;

/** What one round gave of one system. */
interface Round {
  readonly readyMs: number;
  readonly readyAgainMs: number;
  /** Process → MB. */
  readonly resident: ReadonlyMap<string, number>;
}

export interface RestOptions {
  readonly rounds: number;
  readonly say: (text: string) => void;
}

/** Starts the shop over and over, and looks at it when it is ready and nobody asks it anything. Linux only. */
export async function measureRest({ rounds, say }: RestOptions): Promise<RestResult[]> {
  const results = new Map<string, Round[]>(systems.map(({ name }) => [name, []]));
  const imports = new Map<string, number[]>(Object.keys(librariesOf).map((kind) => [kind, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const { name, start } of systems) {
      say(`rest, ${name}, round ${round} of ${rounds}`);
      results.get(name)!.push(await inOwnFolder((folder) => startTwice(start, folder)));
    }
    for (const [kind, libraries] of Object.entries(librariesOf)) {
      imports.get(kind)!.push(await residentOfImports(libraries));
    }
  }
  return [...results].map(([name, seen]) => ({
    name,
    readyMs: spreadOf(seen.map(({ readyMs }) => readyMs)),
    readyAgainMs: spreadOf(seen.map(({ readyAgainMs }) => readyAgainMs)),
    memory: Object.fromEntries(
      [...seen[0]!.resident.keys()].map((process) => [
        process,
        {
          resident: spreadOf(seen.map(({ resident }) => resident.get(process)!)),
          importsOnly: spreadOf(imports.get(kindOf(process))!),
        },
      ]),
    ),
  }));
}

type Start = (typeof systems)[number]["start"];

/** With nothing compiled before, as after a deployment, and then with what the first start has left. */
async function startTwice(start: Start, folder: string): Promise<Round> {
  const ready = async (look: (system: System) => Promise<void>): Promise<number> => {
    const before = performance.now();
    const system = await start({ dataRoot: folder, env: { NODE_COMPILE_CACHE: join(folder, "compiled") } });
    try {
      const readyMs = performance.now() - before;
      await look(system);
      return readyMs;
    } finally {
      await system.stop();
    }
  };
  const resident = new Map<string, number>();
  const readyMs = await ready(async ({ processes }) => {
    await sleep(settleMs);
    for (const [pid, name] of processes) resident.set(name, residentMbOf(pid));
  });
  return { readyMs, resident, readyAgainMs: await ready(() => Promise.resolve()) };
}

function kindOf(process: string): Kind {
  if (process === "shop") return "monolith";
  if (process === "gateway") return "gateway";
  return process === "storefront" || process === "supervisor" ? "serviceWithoutData" : "service";
}

async function inOwnFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "pangaea-rest-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
