import type { Call, Interceptor, Layer, Reply } from "../core/call.js";
import type { Deadlines } from "../core/deadline.js";
import { errorOf, withFields } from "../core/error.js";

const nameOf = (call: Call): string => `${call.service}.${call.method}`;

/**
 * Settles a call when its deadline passes or its context is cancelled, whatever the rest of the stack does, and cancels
 * the context, so that the work behind it stops too. A call whose time is up is not begun.
 */
const enforce =
  (deadlines: Deadlines): Interceptor =>
  (next) =>
  (call) => {
    const { cancellation } = call.context;
    if (cancellation.reason !== undefined) {
      return Promise.reject(withFields(cancellation.reason, { outcome: "not-executed" }));
    }
    if (call.context.remainingMs() <= 0) {
      cancellation.detach();
      const message = `${nameOf(call)} was not begun: its deadline had passed.`;
      return Promise.reject(errorOf("deadline_exceeded", message, { outcome: "not-executed" }));
    }
    return new Promise<Reply>((resolve, reject) => {
      const stopListening = cancellation.onCancel(reject);
      const removeDeadline = deadlines.add(call.context.deadline, () => {
        const message = `${nameOf(call)} was not answered before its deadline.`;
        cancellation.cancel(errorOf("deadline_exceeded", message, { outcome: "unknown" }));
      });
      const settled = () => {
        removeDeadline();
        stopListening();
        cancellation.detach();
      };
      next(call).then(
        (reply) => {
          settled();
          resolve(reply);
        },
        (error: unknown) => {
          settled();
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
