import type { Layer } from "../core/call.js";
import { isFault } from "../core/code.js";
import { errorOf, isError } from "../core/error.js";
import type { Fallback } from "../core/fallback.js";
import type { Validator } from "../core/validation.js";

/** Client side, for the reads for which the calling module has something else: gives that where the system has failed. */
export const fallbackLayer = ({ answer }: Fallback, output: Validator, onUsed: () => void): Layer => ({
  role: "fallback",
  why: "Above everything that refuses, waits or tries again: what a module goes on with comes after the last attempt.",
  settings: "the calling module's own answer, where the call fails for a reason of the system",
  interceptor: (next) => (call) =>
    next(call).catch((error: unknown) => {
      if (!isError(error) || error.reason !== undefined || !isFault(error.code)) throw error;
      onUsed();
      try {
        return { output: output(answer(call.input, error)) };
      } catch (cause) {
        const message = `The fallback of ${call.caller} for ${call.service}.${call.method} gives nothing that its contract allows.`;
        throw errorOf("internal", message, { outcome: "failed", cause });
      }
    }),
});
