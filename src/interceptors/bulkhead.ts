import type { Call, Layer } from "../core/call.js";
import { errorOf, type PangaeaError, withFields } from "../core/error.js";
import type { BulkheadSettings } from "../core/resilience.js";

/** The places for calls that are under way at once, and a short queue before them. */
export class Bulkhead {
  pending = 0;
  /** Calls that were refused, ever. */
  refused = 0;
  readonly #waiting = new Set<() => void>();

  constructor(private readonly settings: BulkheadSettings) {}

  get queued(): number {
    return this.#waiting.size;
  }

  /** Takes a place if one is free and nobody waits for it. */
  take(): boolean {
    if (this.pending >= this.settings.concurrent || this.#waiting.size > 0) return false;
    this.pending++;
    return true;
  }

  /** Waits for a place, at most until the call is given up. Rejects at once where too many wait already. */
  wait(call: Call): Promise<void> {
    if (this.#waiting.size >= this.settings.queue) {
      this.refused++;
      const message = `${call.service}.${call.method} was not sent: ${this.pending} calls are under way and ${this.queued} wait.`;
      return Promise.reject(errorOf("resource_exhausted", message, { outcome: "not-sent" }));
    }
    const { cancellation } = call.context;
    return new Promise((resolve, reject) => {
      const enter = () => {
        cancellation.unlisten(giveUp);
        resolve();
      };
      const giveUp = (reason: PangaeaError) => {
        this.#waiting.delete(enter);
        reject(withFields(reason, { outcome: "not-sent" }));
      };
      this.#waiting.add(enter);
      cancellation.listen(giveUp);
    });
  }

  /** Gives a place back, or on to whoever has waited longest. */
  leave(): void {
    for (const enter of this.#waiting) {
      this.#waiting.delete(enter);
      enter();
      return;
    }
    this.pending--;
  }
}

/** Client side, for one endpoint: a service that hangs holds a bounded number of calls, and no more memory than that. */
export const bulkhead = (places: Bulkhead, { concurrent, queue }: BulkheadSettings): Layer => ({
  role: "bulkhead",
  why: "Below the breaker, which refuses without taking a place; around the attempt alone, so that a pause before the next holds none.",
  settings: `${concurrent} calls at once, ${queue} may wait`,
  interceptor: (next) => {
    const leave = () => places.leave();
    const go = (call: Call) => {
      const reply = next(call);
      reply.then(leave, leave);
      return reply;
    };
    return (call) => {
      // Events come one by one for each key: their relay holds them back itself.
      if (call.kind === "event") return next(call);
      return places.take() ? go(call) : places.wait(call).then(() => go(call));
    };
  },
});
