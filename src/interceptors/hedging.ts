import type { Call, Handler, Layer, Reply } from "../core/call.js";
import type { Clock } from "../core/clock.js";
import type { Context } from "../core/context.js";
import { errorOf } from "../core/error.js";
import type { HedgeSettings } from "../core/resilience.js";
import type { RetryBudget } from "./retry-budget.js";

/** Client side, for reads of another process, where asked for: a read that is slow is asked a second time beside. */
export const hedging = ({ afterMs }: HedgeSettings, budget: RetryBudget, clock: Clock): Layer => ({
  role: "hedging",
  why: "Between retry and balancer, so that the second attempt may go to another endpoint; both are one try of the retry.",
  settings: `a second attempt after ${afterMs} ms, out of the retry budget`,
  interceptor: (next) => (call) => new Race(call, next).run(afterMs, budget, clock),
});

/** Two attempts at one read: the first that succeeds is the answer, and the other is told to stop. */
class Race {
  readonly #running = new Set<Context>();
  readonly #answer = Promise.withResolvers<Reply>();
  #isOver = false;
  #cancelTimer = () => {};

  constructor(
    private readonly call: Call,
    private readonly next: Handler,
  ) {}

  run(afterMs: number, budget: RetryBudget, clock: Clock): Promise<Reply> {
    this.#cancelTimer = clock.after(afterMs, () => {
      if (this.call.context.cancellation.reason === undefined && budget.take()) this.#attempt(this.call.attempt + 1);
    });
    this.#attempt(this.call.attempt);
    return this.#answer.promise;
  }

  #attempt(attempt: number): void {
    const { context } = this.call;
    const own = context.child(context.remainingMs(), context.idempotencyKey);
    own.cancellation.follow();
    this.#running.add(own);
    this.next({ ...this.call, attempt, context: own }).then(
      (reply) => {
        this.#end(own);
        this.#finish(() => this.#answer.resolve(reply));
      },
      (error: unknown) => {
        this.#end(own);
        // The other one may still succeed.
        if (this.#running.size === 0) this.#finish(() => this.#answer.reject(error));
      },
    );
  }

  #end(own: Context): void {
    own.cancellation.detach();
    this.#running.delete(own);
  }

  #finish(settle: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelTimer();
    settle();
    for (const other of this.#running) {
      other.cancellation.cancel(errorOf("canceled", "Another attempt was answered first.", { outcome: "unknown" }));
    }
  }
}
