import type { Cancellation } from "../core/cancellation.js";
import type { Clock } from "../core/clock.js";
import { errorOf, type PangaeaError, withFields } from "../core/error.js";
import type { Admission, Priority } from "../core/gateway.js";
import type { SheddingSettings } from "../core/resilience.js";

const tickMs = 50;
/** Requests at once, before anything is known of the machine. */
const beginsWith = 64;
const shrink = 0.8;
const grow = 1.25;
/** Of a new measurement, beside all earlier ones. */
const weight = 0.3;
/** How much of `maxWaitMs` may lie before whom: what changes something is worth more than another look at it. */
const shares: Readonly<Record<Priority, number>> = { mutation: 1, read: 0.5 };

interface Waiter {
  readonly since: number;
  readonly enter: () => void;
  readonly giveUp: (reason: PangaeaError) => void;
}

/**
 * How many requests from outside a process works on at once. The limit shrinks while the turns of the event loop take too
 * long and grows while they do not and it is reached; so it follows what the machine can do, and nobody must know that.
 * Who comes later waits in a bounded queue, mutations before reads; who would wait too long is refused at once, which
 * happens only while the loop is too busy or the queue is full. Time is measured only while there is work.
 */
export class LoadLimit implements Admission {
  running = 0;
  /** Requests that were refused, ever. */
  readonly refused: Record<Priority, number> = { mutation: 0, read: 0 };
  readonly #waiting: Readonly<Record<Priority, Set<Waiter>>> = { mutation: new Set(), read: new Set() };
  #limit: number;
  #isBusy = false;
  #wasReached = false;
  /** Ended in a millisecond, lately. */
  #rate = 0;
  #ended = 0;
  #isTicking = false;

  constructor(
    private readonly clock: Clock,
    private readonly settings: SheddingSettings,
  ) {
    const { minConcurrent, maxConcurrent } = settings;
    this.#limit = Math.min(maxConcurrent, Math.max(minConcurrent, beginsWith));
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  get queued(): number {
    return this.#waiting.mutation.size + this.#waiting.read.size;
  }

  enter(priority: Priority, cancellation?: Cancellation): Promise<void> | undefined {
    if (!this.#isTicking) this.#tick();
    if (this.running < this.limit && this.queued === 0) {
      this.running++;
      return undefined;
    }
    this.#wasReached = true;
    const waitMs = this.#waitBefore(priority);
    if (this.queued >= this.settings.queue || waitMs > this.settings.maxWaitMs * shares[priority]) {
      return Promise.reject(this.#refusal(priority, waitMs));
    }
    return this.#wait(priority, cancellation);
  }

  leave(): void {
    this.running--;
    this.#ended++;
    this.#letIn();
  }

  /** How long a newcomer would wait, as things go; 0 where there is no reason to refuse anybody. */
  #waitBefore(priority: Priority): number {
    const ahead = priority === "mutation" ? this.#waiting.mutation.size : this.queued;
    // A short queue is always allowed: what is measured of few requests says little.
    if (!this.#isBusy || ahead < this.settings.minConcurrent) return 0;
    return this.#rate === 0 ? Infinity : ahead / this.#rate;
  }

  #wait(priority: Priority, cancellation: Cancellation | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting[priority];
      const done = () => {
        waiting.delete(waiter);
        cancellation?.unlisten(waiter.giveUp);
      };
      const waiter: Waiter = {
        since: this.clock.now(),
        enter: () => {
          done();
          this.running++;
          resolve();
        },
        giveUp: (reason) => {
          done();
          reject(withFields(reason, { outcome: "not-executed" }));
        },
      };
      waiting.add(waiter);
      cancellation?.listen(waiter.giveUp);
    });
  }

  #letIn(): void {
    for (const waiting of [this.#waiting.mutation, this.#waiting.read]) {
      for (const waiter of waiting) {
        if (this.running >= this.limit) return;
        waiter.enter();
      }
    }
  }

  #refusal(priority: Priority, waitMs: number): PangaeaError {
    this.refused[priority]++;
    const retryAfterMs = Math.max(1_000, Math.min(waitMs, 10_000));
    return errorOf("resource_exhausted", "There is more to do than can be done; try again later.", {
      outcome: "not-executed",
      details: { retryAfterMs },
    });
  }

  #tick(): void {
    this.#isTicking = true;
    const begun = this.clock.now();
    this.clock.after(tickMs, () => {
      const passedMs = Math.max(tickMs, this.clock.now() - begun);
      this.#rate += weight * (this.#ended / passedMs - this.#rate);
      this.#ended = 0;
      this.#adapt(passedMs - tickMs > this.settings.loopDelayMs);
      this.#dropLate();
      this.#letIn();
      if (this.running > 0 || this.queued > 0) this.#tick();
      else this.#isTicking = false;
    });
  }

  #adapt(isBusy: boolean): void {
    const { minConcurrent, maxConcurrent } = this.settings;
    this.#isBusy = isBusy;
    if (isBusy) this.#limit = Math.max(minConcurrent, this.#limit * shrink);
    else if (this.#wasReached) this.#limit = Math.min(maxConcurrent, this.#limit * grow);
    this.#wasReached = this.queued > 0;
  }

  /** What was expected need not come true: nobody waits for more than twice as long as was allowed. */
  #dropLate(): void {
    const longest = 2 * this.settings.maxWaitMs;
    for (const priority of ["mutation", "read"] as const) {
      for (const waiter of this.#waiting[priority]) {
        // They stand in the order in which they came.
        if (this.clock.now() - waiter.since < longest) break;
        waiter.giveUp(this.#refusal(priority, longest));
      }
    }
  }
}
