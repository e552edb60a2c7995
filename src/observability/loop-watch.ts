import { Worker } from "node:worker_threads";
import type { Clock } from "../core/clock.js";
import type { LoopSettings } from "../core/resilience.js";
import type { LogFormat } from "./pino-logger.js";

/** What the watching thread is given. */
export interface LoopWatchData extends LoopSettings {
  /** Counted up by the event loop as long as it turns. */
  readonly beats: Int32Array;
  readonly format: LogFormat;
  /** Of every line. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Module → its procedures. */
  readonly modules: Readonly<Record<string, readonly string[]>>;
}

interface LoopWatchOptions {
  readonly clock: Clock;
  readonly settings: LoopSettings;
  readonly format: LogFormat;
  readonly fields: LoopWatchData["fields"];
  readonly modules: LoopWatchData["modules"];
}

interface LoopWatch {
  /** From now on the loop is watched. What a process does while it starts may take its time. */
  begin(): void;
  close(): Promise<void>;
}

/**
 * Watches this process's event loop from a thread of its own. A turn that takes too long is said at once in the log, with
 * the module and procedure that is running, and once more when it is over; where the settings say so, the process is
 * ended. Costs a count four times a second. What runs outside JavaScript is reported without a name.
 */
export function watchLoop({ clock, settings, format, fields, modules }: LoopWatchOptions): LoopWatch {
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const workerData: LoopWatchData = { ...settings, beats, format, fields, modules };
  const worker = new Worker(new URL("./loop-watch-worker.js", import.meta.url), { workerData });
  worker.unref();
  let cancel = () => {};
  const beat = () => {
    Atomics.add(beats, 0, 1);
    cancel = clock.after(Math.min(settings.blockedMs / 4, 250), beat);
  };
  return {
    begin: beat,
    async close() {
      cancel();
      await worker.terminate();
    },
  };
}
