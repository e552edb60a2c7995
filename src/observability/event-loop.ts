import { monitorEventLoopDelay } from "node:perf_hooks";

/** The loop is looked at so often; what that finds late is the lag. */
const resolutionMs = 20;

/** How late this process's event loop has been, in milliseconds, since it was last forgotten. */
export interface LoopLag {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Watches the event loop. The figures are of the last five to ten seconds. */
export class EventLoop {
  // Two that are reset in turn: one of them has always seen the last five seconds.
  readonly #monitors = [0, 1].map(() => monitorEventLoopDelay({ resolution: resolutionMs }));
  readonly #timer: NodeJS.Timeout;
  #older = 0;

  constructor() {
    for (const monitor of this.#monitors) monitor.enable();
    this.#timer = setInterval(() => {
      this.#monitors[this.#older]!.reset();
      this.#older = 1 - this.#older;
    }, 5_000).unref();
  }

  get lag(): LoopLag {
    const monitor = this.#monitors[this.#older]!;
    // Nanoseconds between two looks; a loop that is never late shows the time between them.
    const late = (nanoseconds: number) => (monitor.count === 0 ? 0 : Math.max(0, nanoseconds / 1e6 - resolutionMs));
    return { p50Ms: late(monitor.percentile(50)), p99Ms: late(monitor.percentile(99)), maxMs: late(monitor.max) };
  }

  close(): void {
    clearInterval(this.#timer);
    for (const monitor of this.#monitors) monitor.disable();
  }
}
