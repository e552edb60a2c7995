import type { Layer } from "../core/call.js";
import type { Clock } from "../core/clock.js";
import { isError } from "../core/error.js";
import type { Logger } from "../core/logger.js";

/** Server side: one line per call at level debug, with its duration in milliseconds and its code. */
export const accessLog = (clock: Clock, logger: Logger): Layer => ({
  role: "access-log",
  why: "Outermost, so that the line has the code that the caller gets, whichever layer gave it.",
  interceptor: (next) => (call) => {
    const start = clock.now();
    const write = (code: string) =>
      logger.debug("call", {
        method: `${call.service}.${call.method}`,
        caller: call.caller,
        code,
        durationMs: Math.round((clock.now() - start) * 1000) / 1000,
        traceparent: call.context.headers.traceparent,
      });
    return next(call).then(
      (reply) => {
        write("ok");
        return reply;
      },
      (error: unknown) => {
        write(isError(error) ? error.code : "internal");
        throw error;
      },
    );
  },
});
