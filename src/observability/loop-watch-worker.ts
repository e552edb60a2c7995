import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import type { LoopWatchData } from "./loop-watch.js";
import { asEcs } from "./ecs.js";
import { nameFrames, type Running } from "./name-frames.js";
import { runningFrames } from "./running-frames.js";
import { asText } from "./text-lines.js";

const { beats, blockedMs, exitMs, format, fields, modules } = workerData as LoopWatchData;
const lookEveryMs = Math.min(blockedMs / 4, 250);
const askWithinMs = 5_000;
const written = { text: asText, ecs: asEcs, json: (line: string) => line };

/** Looks at the main thread's beats from now on. */
function watch(): void {
  let beat = Atomics.load(beats, 0);
  let beatAt = performance.now();
  let lookedAt = beatAt;
  let usedBefore = process.cpuUsage();
  /** The block that is under way, once it has been noticed. */
  let block: { readonly since: number; readonly running: Promise<Running> } | undefined;

  const look = () => {
    const now = performance.now();
    const used = process.cpuUsage(usedBefore);
    usedBefore = process.cpuUsage();
    const gapMs = now - lookedAt;
    // Nobody ran in this process: it was stopped (SIGSTOP), or the machine stood still. A thread that is only starved by a
    // busy main thread sees time used.
    const stoodStill = gapMs > 4 * lookEveryMs && (used.user + used.system) / 1_000 < gapMs / 100;
    lookedAt = now;
    const current = Atomics.load(beats, 0);
    // Not to be watched yet.
    if (current === 0) return;
    const turns = current !== beat;
    if (turns && block !== undefined) {
      const { running, since } = block;
      block = undefined;
      void running.then((what) =>
        say("warn", `The event loop turns again, after ${seconds(now - since)}.`, now - since, what),
      );
    }
    if (turns || (stoodStill && block === undefined)) {
      beat = current;
      beatAt = now;
      return;
    }
    const forMs = now - beatAt;
    if (forMs >= blockedMs && block === undefined) block = { since: beatAt, running: report(beatAt) };
    if (exitMs !== undefined && forMs >= exitMs) {
      say("error", `The event loop has not turned for ${seconds(forMs)}: this process ends itself.`, forMs, {});
      process.kill(process.pid, "SIGKILL");
    }
  };
  setInterval(look, lookEveryMs);
}

async function report(since: number): Promise<Running> {
  const frames = await runningFrames(askWithinMs).catch(() => undefined);
  const running = nameFrames(frames ?? [], modules);
  const { module, procedure = "(unknown)" } = running;
  const who = module === undefined ? "nobody's module, or native code" : `${module}.${procedure}`;
  const forMs = performance.now() - since;
  say(
    "warn",
    `The event loop has been blocked for ${seconds(forMs)} by ${who}. Nothing else is answered.`,
    forMs,
    running,
  );
  return running;
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
    writeSync(1, `${written[format](line)}\n`);
  } catch {
    // Nobody reads.
  }
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

watch();
