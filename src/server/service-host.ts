import type { Call, Handler, Layer, Reply, Stack } from "../core/call.js";
import type { Code } from "../core/code.js";
import type { Contract } from "../core/contract.js";
import { errorOf, type PangaeaError } from "../core/error.js";
import { type Failpoints, inertFailpoints } from "../core/failpoints.js";
import { eventMethod, type Subscription } from "../core/module.js";
import type { Within } from "../core/span.js";
import { AlreadyHandled } from "../core/work.js";
import { wrapService } from "../core/wrap.js";

/** A service as the host needs it. */
export interface HostedService {
  readonly contract: Contract;
  /** The object whose methods are the procedures. */
  readonly service: object;
  readonly subscriptions: readonly Subscription[];
  /** Gives the instance of a subscription's target class. */
  readonly resolve: (subscription: Subscription) => unknown;
  /** The layers around a procedure. Asked once per procedure and side. */
  readonly stackOf: (method: string, remote: boolean) => Stack;
  /** The layers around a reaction to an event. */
  readonly eventStackOf: (subscription: Subscription, remote: boolean) => Stack;
  /** Around the service where a call enters the process; by default nothing. */
  readonly within?: Within | undefined;
}

/** The handlers of one side, by method. Maps, so that no inherited name is ever taken for a procedure. */
interface Handlers {
  readonly request: Map<string, Handler>;
  readonly event: Map<string, Handler>;
}

type Side = "local" | "remote";
type Service = (call: Call) => Promise<unknown>;

interface Entry {
  readonly version: number;
  /** The oldest version whose callers are served. */
  readonly accepts: number;
  readonly local: Handlers;
  readonly remote: Handlers;
  draining: boolean;
  pending: number;
  onIdle: (() => void) | undefined;
}

/** The services that this process serves at this moment. One handler for neighbours, one for what comes from outside. */
export class ServiceHost {
  readonly #entries = new Map<string, Entry>();

  readonly local: Handler = Object.assign((call: Call) => this.#dispatch(call, "local"), {
    direct: (service: string, version: number, method: string) => {
      const entry = this.#entries.get(service);
      return entry !== undefined && fits(entry, version) ? entry.local.request.get(method) : undefined;
    },
  });
  readonly remote: Handler = (call) => this.#dispatch(call, "remote");

  /** `placed`: the services that belong here, also while they are not running. */
  constructor(
    private readonly placed: readonly string[] = [],
    private readonly failpoints: Failpoints = inertFailpoints,
  ) {}

  /** How many calls are being handled. */
  get pending(): number {
    let sum = 0;
    for (const entry of this.#entries.values()) sum += entry.pending;
    return sum;
  }

  /** Begins to serve; stacks are built now, not per call. */
  serve(hosted: HostedService): void {
    const name = hosted.contract.name;
    if (this.#entries.has(name)) throw new Error(`${name} is already served in this process`);
    const entry: Entry = {
      version: hosted.contract.version,
      accepts: hosted.contract.accepts,
      local: { request: new Map(), event: new Map() },
      remote: { request: new Map(), event: new Map() },
      draining: false,
      pending: 0,
      onIdle: undefined,
    };
    const counting = countingLayer(name, entry);
    for (const side of ["local", "remote"] as const) {
      for (const method of Object.keys(hosted.contract.procedures)) {
        const stack = [counting, ...hosted.stackOf(method, side === "remote")];
        const procedure = procedureOf(hosted.service, method);
        entry[side].request.set(
          method,
          wrapService(stack, side === "remote" ? entering(procedure, hosted) : procedure),
        );
      }
      for (const subscription of hosted.subscriptions) {
        const stack = [counting, ...hosted.eventStackOf(subscription, side === "remote")];
        const reaction = reactionOf(subscription, hosted.resolve(subscription), this.failpoints);
        const handler = wrapService(stack, entering(reaction, hosted));
        entry[side].event.set(eventMethod(subscription.event), handler);
      }
    }
    this.#entries.set(name, entry);
  }

  /** Takes no new calls for a service and waits until those under way are answered. Harmless if it is not served. */
  async drain(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    entry.draining = true;
    if (entry.pending > 0) await new Promise<void>((resolve) => (entry.onIdle = resolve));
    this.#entries.delete(name);
  }

  #dispatch(call: Call, side: Side): Promise<Reply> {
    const entry = this.#entries.get(call.service);
    const handler = entry?.[side][call.kind].get(call.method);
    if (entry === undefined && !this.placed.includes(call.service)) {
      return refuse("unimplemented", `This process does not serve ${call.service}.`);
    }
    if (entry === undefined) return Promise.reject(notRunning(call.service));
    if (call.kind === "request" && !fits(entry, call.version)) {
      const older = entry.accepts < entry.version ? ` (and for callers of version ${entry.accepts} on)` : "";
      const versions = `as version ${entry.version}${older}, and was asked as version ${call.version}`;
      return refuse("failed_precondition", `${call.service} is served here ${versions}.`);
    }
    if (handler === undefined) return refuse("unimplemented", `${call.service} has no ${call.kind} ${call.method}.`);
    return handler(call);
  }
}

/** Whether a caller that was written against `version` is served. */
const fits = (entry: Entry, version: number): boolean => version <= entry.version && version >= entry.accepts;

const notRunning = (service: string): PangaeaError =>
  errorOf("unavailable", `${service} is not running now.`, { outcome: "not-executed" });

/** Keeps count of what a drain has to wait for, and refuses what comes too late. */
function countingLayer(service: string, entry: Entry): Layer {
  const done = () => {
    if (--entry.pending === 0) entry.onIdle?.();
  };
  return {
    role: "drain",
    why: "Around everything, so that a module that stops waits for all that it has begun.",
    enter(call) {
      if (entry.draining) throw notRunning(service);
      entry.pending++;
      return call;
    },
    leave(output) {
      done();
      return output;
    },
    fail(error) {
      done();
      return error;
    },
  };
}

const refuse = (code: Code, message: string): Promise<never> =>
  Promise.reject(errorOf(code, message, { outcome: "not-executed" }));

/** A method of the service as a function of the call. What it throws before its first await is a rejection too. */
const procedureOf = (service: object, method: string): Service => {
  const implementation = (service as Record<string, (input: unknown, ctx: unknown) => unknown>)[method]!;
  return (call) => {
    try {
      const result = implementation.call(service, call.input, call.context);
      return result instanceof Promise ? result : Promise.resolve(result);
    } catch (error) {
      return Promise.reject(error);
    }
  };
};

const entering = (service: Service, { within }: HostedService): Service =>
  within === undefined ? service : (call) => within(call.context, () => service(call));

const reactionOf =
  (subscription: Subscription, target: unknown, failpoints: Failpoints) =>
  async (call: Call): Promise<unknown> => {
    failpoints.hit("event.before-handler");
    try {
      await subscription.handle(target, call.input, call.context);
    } catch (error) {
      // The effect is there already, from an earlier delivery whose confirmation was lost.
      if (!(error instanceof AlreadyHandled)) throw error;
    }
    failpoints.hit("event.after-effect");
    return {};
  };
