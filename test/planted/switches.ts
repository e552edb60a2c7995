import { Cancellation, Context, type Handler, type Interceptor, type Layer, wrap } from "pangaea";
import type { TestSystemOptions } from "pangaea/testing";

/** One promise switched off, as a careless change would. `caught` is how the title of a case begins that must notice. */
export interface Switch {
  readonly what: string;
  readonly caught: readonly string[];
  readonly options: Pick<TestSystemOptions, "revise" | "wrapEdge">;
}

const without = (role: string): Pick<TestSystemOptions, "revise"> => ({
  revise: (stack) => stack.filter((layer) => layer.role !== role),
});

const change = (role: string, interceptor: (layer: Layer) => Interceptor): Pick<TestSystemOptions, "revise"> => ({
  revise: (stack) =>
    stack.map((layer) => (layer.role === role ? { role, why: layer.why, interceptor: interceptor(layer) } : layer)),
});

/** Still checks every value, but passes on the very object it was given. */
const checkWithoutCopy =
  (layer: Layer): Interceptor =>
  (next) =>
  async (call) => {
    let raw: unknown;
    const checked = wrap([layer], async (copied) => {
      const reply = await next({ ...copied, input: call.input });
      raw = reply.output;
      return reply;
    });
    await checked(call);
    return { output: raw };
  };

/** A callee that gets a context of its own making: a fresh deadline, and nobody to tell it to stop. */
const freshContext =
  (edge: Handler): Handler =>
  (call) =>
    edge({
      ...call,
      context: Context.of({
        clock: call.context.clock,
        deadline: call.context.clock.now() + 60_000,
        headers: call.context.headers,
        idempotencyKey: call.context.idempotencyKey,
        cancellation: new Cancellation(),
      }),
    });

export const switches: readonly Switch[] = [
  {
    what: "validation",
    options: without("validation"),
    caught: ["refuses an input", "fills defaults", "answers internal, and nothing"],
  },
  {
    what: "isolation of values",
    options: change("validation", checkWithoutCopy),
    caught: ["never shows the callee's changes"],
  },
  {
    what: "deadline propagation",
    options: { wrapEdge: freshContext },
    caught: ["hands a deadline on", "settles a call at its deadline", "cancels nested calls"],
  },
  {
    what: "deadline enforcement",
    options: without("deadline"),
    caught: ["settles a call at its deadline", "begins no call"],
  },
  {
    what: "the error boundary",
    options: without("error-boundary"),
    caught: ["turns undeclared errors", "lets a neighbour's error"],
  },
  { what: "idempotency", options: without("idempotency"), caught: ["gives the first reply again"] },
  { what: "tracing", options: without("tracing"), caught: ["gives each hop a span"] },
];
