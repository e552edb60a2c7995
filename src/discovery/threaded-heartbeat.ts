import { Worker } from "node:worker_threads";
import type { Clock } from "../core/clock.js";
import type { Logger } from "../core/logger.js";
import type { Instance } from "../core/registry.js";
import type { FromThread, ThreadData, ToThread } from "./heartbeat-thread.js";
import { showLag } from "./lag.js";

export interface ThreadedHeartbeatOptions extends Omit<ThreadData, "lag"> {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The compiled thread. By default that beside this file. */
  readonly thread?: URL;
  /** It has been written for the first time. */
  readonly onWritten: () => void;
}

/** A heartbeat in a thread of its own, which this process ends with. */
export class ThreadedHeartbeat {
  readonly #options: ThreadedHeartbeatOptions;
  readonly #lag: ReturnType<typeof showLag>;
  #worker: Worker;
  #instance: Instance;
  /** Which update the thread has tried to write last, and what it was then. */
  #version = 1;
  #attempts = new Map<number, () => void>();
  #trouble: string | undefined;
  #isWritten = false;
  #ended = false;

  constructor(options: ThreadedHeartbeatOptions) {
    this.#options = options;
    this.#instance = options.instance;
    this.#lag = showLag(options.clock);
    this.#worker = this.#start();
  }

  /** Resolves when the last change has been written, or the registry is known to be away: it is written later then. */
  attempted(): Promise<void> {
    return new Promise((resolve) => this.#attempts.set(this.#version, resolve));
  }

  update(instance: Instance): Promise<void> {
    this.#instance = instance;
    this.#version++;
    this.#tell({ type: "update", instance });
    return this.attempted();
  }

  /** Says goodbye, if the registry can be reached, and ends the thread. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#tell({ type: "close" });
    const closed = new Promise<void>((resolve) => {
      this.#worker.on("message", (message: FromThread) => message.type === "closed" && resolve());
      this.#worker.once("exit", () => resolve());
    });
    this.#ended = true;
    await closed;
    await this.abandon();
  }

  /** Ends at once and says nothing, as a killed process does. */
  async abandon(): Promise<void> {
    this.#ended = true;
    this.#lag.stop();
    await this.#worker.terminate();
  }

  #start(): Worker {
    const { store, heartbeatMs, ttlMs, thread } = this.#options;
    const workerData: ThreadData = { store, instance: this.#instance, heartbeatMs, ttlMs, lag: this.#lag.shared };
    const worker = new Worker(thread ?? new URL("./heartbeat-thread.js", import.meta.url), { workerData });
    worker.unref();
    // A new thread counts from 1 again.
    const offset = this.#version - 1;
    worker.on("message", (message: FromThread) => {
      if (message.type === "attempt") this.#attempted(message.version + offset, message.trouble);
    });
    worker.on("error", (error) => this.#options.logger.error("The heartbeat's thread has failed.", { error }));
    worker.once("exit", () => {
      if (this.#ended) return;
      this.#attempted(this.#version, "its thread has ended");
      this.#options.clock.after(heartbeatMs, () => {
        if (!this.#ended) this.#worker = this.#start();
      });
    });
    return worker;
  }

  #attempted(version: number, trouble: string | undefined): void {
    const { logger } = this.#options;
    if (trouble !== undefined && this.#trouble === undefined) {
      logger.warn("This process cannot be written into the registry; it is tried again.", { why: trouble });
    }
    if (trouble === undefined && this.#trouble !== undefined) logger.info("This process is in the registry now.");
    this.#trouble = trouble;
    if (trouble === undefined && !this.#isWritten) {
      this.#isWritten = true;
      this.#options.onWritten();
    }
    for (const [waiting, resolve] of this.#attempts) {
      if (waiting > version) continue;
      this.#attempts.delete(waiting);
      resolve();
    }
  }

  #tell(message: ToThread): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
    this.#worker.postMessage(message);
  }
}
