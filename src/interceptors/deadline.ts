import type { Call, Interceptor, Layer, Reply } from "../core/call.js";
import type { Cancellation } from "../core/cancellation.js";
import { type Deadlines, Timed } from "../core/deadline.js";
import { errorOf, type PangaeaError, withFields } from "../core/error.js";

const nameOf = (call: Call): string => `${call.service}.${call.method}`;

/** A call that is under way, and settled by whatever comes first: its reply, its deadline or its cancellation. */
class Waiting extends Timed {
  readonly cancellation: Cancellation;

  constructor(
    readonly call: Call,
    readonly reject: (error: PangaeaError) => void,
  ) {
    super();
    this.cancellation = call.context.cancellation;
    this.cancellation.listen(reject);
  }

  passed(): void {
    const message = `${nameOf(this.call)} was not answered before its deadline.`;
    this.cancellation.cancel(errorOf("deadline_exceeded", message, { outcome: "unknown" }));
  }
}

/**
 * Settles a call when its deadline passes or its context is cancelled, whatever the rest of the stack does, and cancels
 * the context, so that the work behind it stops too. A call whose time is up is not begun.
 */
const enforce =
  (deadlines: Deadlines): Interceptor =>
  (next) =>
  (call) => {
    const { cancellation, deadline, madeAt } = call.context;
    if (cancellation.reason !== undefined) {
      return Promise.reject(withFields(cancellation.reason, { outcome: "not-executed" }));
    }
    if (deadline <= madeAt) {
      const message = `${nameOf(call)} was not begun: its deadline had passed.`;
      return Promise.reject(errorOf("deadline_exceeded", message, { outcome: "not-executed" }));
    }
    return new Promise<Reply>((resolve, reject) => {
      const waiting = new Waiting(call, reject);
      deadlines.enter(waiting, deadline);
      next(call).then(
        (reply) => {
          deadlines.leave(waiting);
          cancellation.unlisten(reject);
          resolve(reply);
        },
        (error: unknown) => {
          deadlines.leave(waiting);
          cancellation.unlisten(reject);
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  };

/** Client side. */
export const clientDeadline = (deadlines: Deadlines): Layer => ({
  role: "deadline",
  why: "Above everything that may wait or try again, so that all attempts together share one deadline.",
  interceptor: enforce(deadlines),
});

/** Server side, where a call enters the process. */
export const serverDeadline = (deadlines: Deadlines): Layer => ({
  role: "deadline",
  why: "Before any work: what arrives late is not begun, and what takes too long is told to stop, whether or not the caller is still there to say so.",
  interceptor: enforce(deadlines),
});
