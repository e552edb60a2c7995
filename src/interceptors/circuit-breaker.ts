import type { Call, Layer } from "../core/call.js";
import type { Clock } from "../core/clock.js";
import { errorOf, isError } from "../core/error.js";
import type { BreakerSettings } from "../core/resilience.js";
import { SlidingWindow } from "./sliding-window.js";

type BreakerState = "closed" | "half-open" | "open";

/**
 * Whether an endpoint is asked. Closed: it is. Open: it failed too often, and calls are refused at once. Half-open: it
 * has been open long enough, and one call at a time finds out whether the endpoint is back. It always heals: a call that
 * finds out and never returns is given up after as long as the breaker stays open.
 */
export class CircuitBreaker {
  #openedAt: number | undefined;
  #probeAt: number | undefined;
  readonly #window: SlidingWindow;

  /** `siblings`: the breakers of all endpoints of the service, this one among them. */
  constructor(
    private readonly clock: Clock,
    private readonly settings: BreakerSettings,
    private readonly siblings: ReadonlySet<CircuitBreaker> = new Set(),
  ) {
    this.#window = new SlidingWindow(clock, settings.windowMs);
  }

  get state(): BreakerState {
    if (this.#openedAt === undefined) return "closed";
    return this.clock.now() - this.#openedAt >= this.settings.openMs ? "half-open" : "open";
  }

  /** Whether a call may go on; where it is not closed, that call is the one that finds out. */
  admits(): boolean {
    if (this.#openedAt === undefined) return true;
    // Where there is nobody else to ask, one call at a time is let through without waiting: somebody must be asked.
    if (this.#isProbing || (this.state === "open" && !this.#isNobodyClosed())) return false;
    this.#probeAt = this.clock.now();
    return true;
  }

  /** What became of a call that was let through; undefined where it says nothing of the endpoint. */
  record(isWell: boolean | undefined): void {
    if (this.#openedAt === undefined) this.#recordClosed(isWell);
    else if (isWell === true) this.#close();
    else if (isWell === undefined) this.#probeAt = undefined;
    else if (this.#probeAt !== undefined) this.#open();
  }

  get #isProbing(): boolean {
    return this.#probeAt !== undefined && this.clock.now() - this.#probeAt < this.settings.openMs;
  }

  #recordClosed(isWell: boolean | undefined): void {
    if (isWell === undefined) return;
    this.#window.countAll();
    if (isWell) return;
    this.#window.countSome();
    const { all, some } = this.#window;
    if (all >= this.settings.minCalls && some >= this.settings.failureRatio * all) this.#open();
  }

  #open(): void {
    this.#openedAt = this.clock.now();
    this.#probeAt = undefined;
  }

  #close(): void {
    this.#openedAt = undefined;
    this.#probeAt = undefined;
    this.#window.clear();
  }

  #isNobodyClosed(): boolean {
    for (const sibling of this.siblings) if (sibling.#openedAt === undefined) return false;
    return true;
  }
}

/** Who gave a call less than this says nothing of the endpoint by giving up. */
const fairMs = 100;

/** What an error says of the endpoint: true where it answered, undefined where it says nothing. */
function saysWell(error: unknown, call: Call): boolean | undefined {
  if (!isError(error)) return undefined;
  // A refusal of the business, or of a neighbour of the service, is an answer.
  if (error.outcome === "failed" || error.reason !== undefined || !error.retryable) return true;
  if (error.code === "unavailable") return false;
  if (error.code === "deadline_exceeded") {
    return call.context.clock.now() - call.context.madeAt >= fairMs ? false : undefined;
  }
  if (error.code === "resource_exhausted") return error.outcome === "not-sent" ? undefined : true;
  return true;
}

/** Client side, for one endpoint: refuses fast what would most likely fail slowly. */
export const circuitBreaker = (breaker: CircuitBreaker, settings: BreakerSettings): Layer => ({
  role: "circuit-breaker",
  why: "Below the balancer, one for each endpoint: what is refused here can still go to another.",
  settings: `opens at ${Math.round(settings.failureRatio * 100)} % of at least ${settings.minCalls} calls in ${settings.windowMs} ms, for ${settings.openMs} ms`,
  enter(call) {
    if (breaker.admits()) return call;
    const message = `${call.service}.${call.method} was not sent: the endpoint has failed too often just now.`;
    throw errorOf("unavailable", message, { outcome: "not-sent" });
  },
  leave(output) {
    breaker.record(true);
    return output;
  },
  fail(error, call) {
    breaker.record(saysWell(error, call));
    return error;
  },
});
