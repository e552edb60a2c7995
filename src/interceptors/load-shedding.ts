import type { Call, Layer } from "../core/call.js";
import type { Admission } from "../core/gateway.js";
import type { SheddingSettings } from "../core/resilience.js";

/** Server side, where a call enters the process: takes in what can be done, and refuses the rest at once. */
export const loadShedding = (admission: Admission, settings: SheddingSettings): Layer => ({
  role: "load-shedding",
  why: "Before any work, but below the deadline, so that nobody waits longer for his turn than for the answer.",
  settings: `${settings.minConcurrent} to ${settings.maxConcurrent} calls at once, ${settings.queue} wait up to ${settings.maxWaitMs} ms, by turns of the event loop above ${settings.loopDelayMs} ms`,
  interceptor: (next) => {
    const leave = () => admission.leave();
    const go = (call: Call) => {
      const reply = next(call);
      reply.then(leave, leave);
      return reply;
    };
    return (call) => {
      const turn = admission.enter(call.effect === "read" ? "read" : "mutation", call.context.cancellation);
      return turn === undefined ? go(call) : turn.then(() => go(call));
    };
  },
});
