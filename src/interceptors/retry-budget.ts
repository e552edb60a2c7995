import type { Clock } from "../core/clock.js";
import type { RetrySettings } from "../core/resilience.js";
import { SlidingWindow } from "./sliding-window.js";

const windowMs = 10_000;

/**
 * How many calls to a service may be made again: in any ten seconds a share of those that were made at first, and a few
 * beside. One per service and process, for all callers, so that a service in trouble gets hardly more calls than before.
 */
export class RetryBudget {
  /** Calls that were made again, ever. */
  retries = 0;
  /** Calls that could not be made again for want of budget, ever. */
  refused = 0;
  readonly #window: SlidingWindow;
  readonly #ratio: number;
  readonly #floor: number;

  constructor(clock: Clock, { budgetRatio, budgetPerSecond }: Pick<RetrySettings, "budgetRatio" | "budgetPerSecond">) {
    this.#window = new SlidingWindow(clock, windowMs);
    this.#ratio = budgetRatio;
    this.#floor = (budgetPerSecond * windowMs) / 1_000;
  }

  /** A call is made for the first time. */
  onCall(): void {
    this.#window.countAll();
  }

  /** How many more may be made again now. */
  get left(): number {
    return Math.max(0, Math.floor(this.#window.all * this.#ratio + this.#floor) - this.#window.some);
  }

  /** Takes one out; false where there is none. */
  take(): boolean {
    if (this.left < 1) {
      this.refused++;
      return false;
    }
    this.#window.countSome();
    this.retries++;
    return true;
  }
}
