import type { Call, Layer } from "../core/call.js";
import type { Clock } from "../core/clock.js";
import { isError } from "../core/error.js";
import type { Logger } from "../core/logger.js";
import { traceFields } from "../core/span.js";

/** Server side, where level debug is written: one line per call, with its code and the milliseconds since it was made or arrived. */
export const accessLog = (clock: Clock, logger: Logger): Layer => {
  const write = (code: string, call: Call) => {
    logger.debug("call", {
      method: `${call.service}.${call.method}`,
      caller: call.caller,
      code,
      durationMs: Math.round((clock.now() - call.context.madeAt) * 1000) / 1000,
      ...traceFields(call.context),
    });
  };
  return {
    role: "access-log",
    why: "Around everything that answers, so that the line has the code that the caller gets, whichever layer gave it.",
    leave(output, call) {
      write("ok", call);
      return output;
    },
    fail(error, call) {
      write(isError(error) ? error.code : "internal", call);
      return error;
    },
  };
};
