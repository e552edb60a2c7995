import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { Worker } from "node:worker_threads";

/** Longer than any scheduler makes a thread wait that does next to nothing, unless the machine itself stands still. */
const stallMs = 500;

const watch = `
  const { appendFileSync } = require("node:fs");
  const { workerData: { file, stallMs } } = require("node:worker_threads");
  let last = Date.now();
  setInterval(() => {
    const now = Date.now();
    if (now - last > stallMs) appendFileSync(file, last + " " + now + "\\n");
    last = now;
  }, 50);
`;

/**
 * Notes, in the file that `PANGAEA_STALLS` names, whenever this machine gave an idle thread no time for half a second:
 * a virtual machine whose host is busy, a laptop that slept. A test with a time limit that fails then has proven nothing.
 */
export default function setup(): () => Promise<void> {
  const folder = "node_modules/.cache";
  const file = `${folder}/stalls-${process.pid}`;
  mkdirSync(folder, { recursive: true });
  appendFileSync(file, "");
  process.env.PANGAEA_STALLS = file;
  const watcher = new Worker(watch, { eval: true, workerData: { file, stallMs } });
  watcher.unref();
  return async () => {
    await watcher.terminate();
    rmSync(file, { force: true });
  };
}

/** For how many milliseconds, in all, the machine has stood still since `since` (of `Date.now()`). */
export function stalledSince(since: number): number {
  const file = process.env.PANGAEA_STALLS;
  if (file === undefined || !existsSync(file)) return 0;
  let total = 0;
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const [from = 0, to = 0] = line.split(" ").map(Number);
    if (to > since) total += to - Math.max(from, since);
  }
  return total;
}
