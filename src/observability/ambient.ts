import { AsyncLocalStorage } from "node:async_hooks";
import type { CallContext } from "../core/context.js";
import { traceFields, type Within } from "../core/span.js";

/** Which call is being handled, for those who were not told: the lines that a module's code logs. */
export interface Ambient {
  readonly within: Within;
  /** What a line says of the call in hand; empty outside of any. */
  fields(): Record<string, string>;
}

/**
 * Entered where a call enters the process and not at every hop: calls between neighbours are of the same trace. No
 * promise to a module rests on it, only what lines say.
 */
export function createAmbient(): Ambient {
  const storage = new AsyncLocalStorage<CallContext>();
  return {
    within: (context, run) => storage.run(context, run),
    fields() {
      const context = storage.getStore();
      return context === undefined ? {} : traceFields(context);
    },
  };
}
