import type { Layer, Reply } from "../core/call.js";
import type { Deadlines } from "../core/deadline.js";
import { errorOf, type PangaeaError } from "../core/error.js";

/** Client side, for one endpoint: gives up an attempt before the call's deadline, so that there is time for another. */
export const attemptTimeout = (deadlines: Deadlines, timeoutMs: number): Layer => ({
  role: "attempt-timeout",
  why: "Next to the transport: an endpoint that is silent fails one attempt, and not the whole call.",
  settings: `${timeoutMs} ms`,
  interceptor: (next) => (call) => {
    const { context } = call;
    // The deadline comes first anyway; and an event's relay has a length of its own.
    if (call.kind === "event" || context.remainingMs() <= timeoutMs) return next(call);
    const own = context.child(timeoutMs, context.idempotencyKey);
    const { cancellation } = own;
    cancellation.follow();
    return new Promise<Reply>((resolve, reject) => {
      const takeBack = deadlines.add(own.deadline, () => {
        const message = `${call.service}.${call.method} was not answered within the ${timeoutMs} ms of one attempt.`;
        cancellation.cancel(errorOf("deadline_exceeded", message, { outcome: "unknown" }));
      });
      const done = () => {
        takeBack();
        cancellation.unlisten(giveUp);
        cancellation.detach();
      };
      const giveUp = (reason: PangaeaError) => {
        done();
        reject(reason);
      };
      cancellation.listen(giveUp);
      next({ ...call, context: own }).then(
        (reply) => {
          done();
          resolve(reply);
        },
        (error: unknown) => {
          done();
          reject(error);
        },
      );
    });
  },
});
