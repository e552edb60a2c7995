import { type Call, type Handler, isError, rootContext, systemClock } from "../../src/core/index.js";
import { latch, within } from "../../src/testing/conformance.js";

/** A call with a deadline far beyond what any test waits. */
export const callOf = (input: unknown, fields: Partial<Call> = {}): Call => ({
  kind: "request",
  service: "test",
  version: 1,
  method: "try",
  input,
  effect: "mutation",
  attempt: 1,
  caller: "tester",
  context: rootContext(systemClock, 15_000),
  ...fields,
});

/** Answers with the input. */
export const echo: Handler = ({ input }) => Promise.resolve({ output: input });

/** Waits with a bound far below the deadline of every call. */
export const soon = <T>(promise: Promise<T>, ms = 1_500) => within(systemClock, ms, "settling", promise);

/** Calls again for as long as the failure proves that nothing was executed. */
export async function callUntilSent(call: () => Promise<unknown>): Promise<unknown> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isError(error) || (error.outcome !== "not-sent" && error.outcome !== "not-executed")) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** A handler that counts its runs by input, and holds those whose input is `hold`. */
export function counting() {
  const runs = new Map<unknown, number>();
  const entered = latch();
  const release = latch();
  const handler: Handler = async ({ input }) => {
    runs.set(input, (runs.get(input) ?? 0) + 1);
    if (typeof input === "string" && input.startsWith("hold")) {
      entered.open();
      await release.promise;
    }
    return { output: input };
  };
  return { runs, entered: entered.promise, release: () => release.open(), handler };
}
