import {
  type Call,
  type CallOptions,
  Deadlines,
  defineContract,
  errorOf,
  type Ids,
  idempotent,
  mutation,
  type Metrics,
  read,
  type Reply,
  type Resilience,
  rootContext,
  type ServiceResilience,
  silentLogger,
  type Transport,
  usualResilience,
} from "pangaea";
import { z } from "zod";
import { createClient } from "../../src/client/client.js";
import { Instances } from "../../src/client/instances.js";
import { roundRobin } from "../../src/client/round-robin.js";
import { Route } from "../../src/client/route.js";
import { createStacks } from "../../src/runtime/stacks.js";
import { HandClock } from "./hand-clock.js";

const shape = { input: z.object({}), output: z.object({}), deadlineMs: 5_000 };
const leaf = defineContract("leaf", 1, {
  procedures: { look: read(shape), put: idempotent(shape), add: mutation(shape) },
});
export type Method = keyof typeof leaf.procedures;

/** What one endpoint does with a call. What it never settles is settled by the call's cancellation, as a transport does. */
export type Behaviour = (call: Call) => Promise<Reply>;

export const answers: Behaviour = () => Promise.resolve({ output: {} });
export const isAway: Behaviour = () => Promise.reject(errorOf("unavailable", "refused", { outcome: "not-sent" }));
export const breaksOff: Behaviour = () => Promise.reject(errorOf("unavailable", "cut", { outcome: "unknown" }));
export const isSilent: Behaviour = () => new Promise(() => undefined);

/** Draws the same numbers in every run. */
function drawnIds(seed = 1): Ids {
  let state = seed;
  const next = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
  const hex = (bytes: number) =>
    Array.from({ length: bytes }, () => (next() >>> 24).toString(16).padStart(2, "0")).join("");
  return { uuid: () => hex(16), hex };
}

/** A call that was made, and what became of it. */
export interface Asked {
  readonly deadline: number;
  outcome?: "ok" | Error;
  settledAt?: number;
}

/** A call as it came to an endpoint; `error` is what the endpoint said of it, if that was no answer. */
interface Attempt {
  readonly endpoint: number;
  readonly call: Call;
  error?: unknown;
}

interface ProtectedOptions {
  readonly service?: Partial<ServiceResilience>;
  readonly endpoints: readonly Behaviour[];
  readonly keepsAnswers?: boolean;
  readonly metrics?: Metrics;
}

/** A client of a service in another process, with the layers that the runtime builds, on a clock of the test's. */
export function protectedClient({ service, endpoints, keepsAnswers = true, metrics }: ProtectedOptions) {
  const clock = new HandClock();
  const deadlines = new Deadlines(clock);
  const resilience: Resilience = { ...usualResilience, default: { ...usualResilience.default, ...service } };
  const parts = {
    clock,
    ids: drawnIds(),
    logger: silentLogger,
    deadlines,
    resilience,
    keepsAnswers: () => keepsAnswers,
  };
  const stacks = createStacks(metrics === undefined ? parts : { ...parts, metrics });
  const attempts: Attempt[] = [];
  let pending = 0;
  const connectionTo = (endpoint: number) => ({
    call: (call: Call) => {
      const attempt: Attempt = { endpoint, call };
      attempts.push(attempt);
      pending++;
      const { promise, resolve, reject } = Promise.withResolvers<Reply>();
      call.context.cancellation.listen(reject);
      endpoints[endpoint]!(call).then(resolve, (error: unknown) => {
        attempt.error = error;
        reject(error);
      });
      return promise.finally(() => pending--);
    },
    subscribe: () => Promise.resolve(() => {}),
    close: () => Promise.resolve(),
  });
  const transport: Transport = {
    name: "fake",
    features: { remote: true, maxMessageBytes: Infinity, dynamicAddress: false },
    connect: (address) => connectionTo(Number(address)),
    serve: () => Promise.reject(new Error("nobody serves here")),
    close: () => Promise.resolve(),
  };
  const instances = new Instances({
    transportOf: () => transport,
    balancerOf: roundRobin,
    clock,
    layersOf: (name, endpoint) => stacks.endpoint(name, endpoint),
  });
  instances.update(
    endpoints.map((_behaviour, index) => ({
      id: String(index),
      process: "leaf",
      services: { leaf: 1 },
      addresses: { fake: String(index) },
      weight: 1,
    })),
  );
  const route = new Route("leaf");
  route.swap({ transport: "fake", remote: true, call: instances.handlerOf("fake") });
  const client = createClient({
    contract: leaf,
    caller: "test",
    route,
    stackOf: (method, remote) => stacks.client(leaf, method, remote),
  });
  /** Lets time pass in small steps; what is due in one has happened before the next. */
  const pass = async (ms: number, stepMs = 10) => {
    await new Promise(setImmediate);
    for (let passed = 0; passed < ms; passed += stepMs) {
      clock.advance(Math.min(stepMs, ms - passed));
      await new Promise(setImmediate);
    }
  };
  return {
    clock,
    deadlines,
    pass,
    /** Lets time pass until every one of the calls has settled. */
    async settled(...calls: Asked[]) {
      for (let passed = 0; ; passed += 10) {
        await pass(passed === 0 ? 0 : 10);
        if (calls.every(({ outcome }) => outcome !== undefined)) return;
        if (passed > 60_000) throw new Error("not settled within a minute");
      }
    },
    /** Every attempt that came to an endpoint. */
    attempts,
    /** Attempts under way. */
    get pending() {
      return pending;
    },
    /** Calls the service; `settledAt` is the moment on the clock. */
    call(method: Method, deadlineMs = 5_000, options: CallOptions = {}): Asked {
      const context = rootContext(clock, deadlineMs);
      const asked: Asked = { deadline: context.deadline };
      const settle = (outcome: "ok" | Error) => Object.assign(asked, { outcome, settledAt: clock.now() });
      client[method]({}, context, options).then(() => settle("ok"), settle);
      return asked;
    },
    /** Tells every endpoint's layers that it is gone. */
    close: () => instances.update([]),
  };
}
