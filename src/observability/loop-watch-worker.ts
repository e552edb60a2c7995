import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import type { LoopWatchData } from "./loop-watch.js";
import { nameFrames, type Running } from "./name-frames.js";
import { runningFrames } from "./running-frames.js";
import { asText } from "./text-lines.js";

const { beats, blockedMs, exitMs, format, fields, modules } = workerData as LoopWatchData;
const lookEveryMs = Math.min(blockedMs / 4, 250);
const askWithinMs = 5_000;

let beat = Atomics.load(beats, 0);
let beatAt = performance.now();
let lookedAt = beatAt;
/** Set once a block has been reported. */
let reported: Running | undefined;
let isAsking = false;

function look(): void {
  const now = performance.now();
  // This thread did not run either: the process was stopped, or the machine stood still.
  const stoodStill = now - lookedAt > 4 * lookEveryMs;
  lookedAt = now;
  const current = Atomics.load(beats, 0);
  if (current !== beat || stoodStill) {
    if (reported !== undefined && current !== beat) {
      say("warn", `The event loop turns again, after ${seconds(now - beatAt)}.`, now - beatAt, reported);
      reported = undefined;
    }
    beat = current;
    beatAt = now;
    return;
  }
  const forMs = now - beatAt;
  if (exitMs !== undefined && forMs >= exitMs) {
    say(
      "error",
      `The event loop has not turned for ${seconds(forMs)}: this process ends itself.`,
      forMs,
      reported ?? {},
    );
    process.kill(process.pid, "SIGKILL");
  }
  if (forMs >= blockedMs && reported === undefined && !isAsking) void report();
}

async function report(): Promise<void> {
  isAsking = true;
  const frames = await runningFrames(askWithinMs).catch(() => undefined);
  isAsking = false;
  const running = nameFrames(frames ?? [], modules);
  const { module, procedure = "(unknown)" } = running;
  const who = module === undefined ? "nobody's module, or native code" : `${module}.${procedure}`;
  const forMs = performance.now() - beatAt;
  // It may have come free while it was asked; what was found is told all the same.
  reported = running;
  say(
    "error",
    `The event loop has been blocked for ${seconds(forMs)} by ${who}. Nothing else is answered.`,
    forMs,
    running,
  );
}

/** One line, as the process's own log writes it: that one cannot be asked now. */
function say(level: string, msg: string, forMs: number, running: Running): void {
  const line = JSON.stringify({
    level,
    time: new Date().toISOString(),
    ...fields,
    ...running,
    blockedMs: Math.round(forMs),
    msg,
  });
  try {
    writeSync(1, `${format === "json" ? line : asText(line)}\n`);
  } catch {
    // Nobody reads.
  }
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

setInterval(look, lookEveryMs);
