import type { Layer, LookingLayer } from "../core/call.js";
import type { Deadlines } from "../core/deadline.js";
import { errorOf, withFields } from "../core/error.js";

/**
 * Settles a call when its deadline passes or its context is cancelled, whatever the rest of the stack does, and cancels
 * the context, so that the work behind it stops too. A call whose time is up is not begun.
 */
const enforce = (deadlines: Deadlines): Pick<LookingLayer, "enter" | "limit"> => ({
  enter(call) {
    const { cancellation, deadline, madeAt } = call.context;
    if (cancellation.reason !== undefined) throw withFields(cancellation.reason, { outcome: "not-executed" });
    if (deadline > madeAt) return call;
    const message = `${call.service}.${call.method} was not begun: its deadline had passed.`;
    throw errorOf("deadline_exceeded", message, { outcome: "not-executed" });
  },
  limit: {
    watch(call, giveUp) {
      const { cancellation, deadline } = call.context;
      cancellation.follow();
      cancellation.listen(giveUp);
      cancellation.work = call;
      deadlines.enter(cancellation, deadline);
    },
    unwatch(call, giveUp) {
      const { cancellation } = call.context;
      deadlines.leave(cancellation);
      cancellation.unlisten(giveUp);
      cancellation.detach();
    },
  },
});

/** Client side. */
export const clientDeadline = (deadlines: Deadlines): Layer => ({
  role: "deadline",
  why: "Above everything that may wait or try again, so that all attempts together share one deadline.",
  ...enforce(deadlines),
});

/** Server side, where a call enters the process. */
export const serverDeadline = (deadlines: Deadlines): Layer => ({
  role: "deadline",
  why: "Before any work: what arrives late is not begun, and what takes too long is told to stop, whether or not the caller is still there to say so.",
  ...enforce(deadlines),
});
