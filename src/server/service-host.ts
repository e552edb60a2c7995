import { type Call, type Handler, type Reply, type Stack, wrap } from "../core/call.js";
import type { Code } from "../core/code.js";
import type { Contract } from "../core/contract.js";
import { errorOf } from "../core/error.js";
import { eventMethod, type Subscription } from "../core/module.js";
import { AlreadyHandled } from "../core/work.js";

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
}

interface Entry {
  readonly version: number;
  /** Key: kind, side and method. A Map, so that no inherited name is ever taken for a procedure. */
  readonly handlers: ReadonlyMap<string, Handler>;
  draining: boolean;
  pending: number;
  onIdle: (() => void) | undefined;
}

/** The services that this process serves at this moment. One handler for neighbours, one for what comes from outside. */
export class ServiceHost {
  readonly #entries = new Map<string, Entry>();

  readonly local: Handler = (call) => this.#dispatch(call, "local");
  readonly remote: Handler = (call) => this.#dispatch(call, "remote");

  /** `placed`: the services that belong here, also while they are not running. */
  constructor(private readonly placed: readonly string[] = []) {}

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
    const handlers = new Map<string, Handler>();
    for (const side of ["local", "remote"] as const) {
      for (const method of Object.keys(hosted.contract.procedures)) {
        const stack = hosted.stackOf(method, side === "remote");
        handlers.set(`request ${side} ${method}`, wrap(stack, procedureHandler(hosted.service, method)));
      }
      for (const subscription of hosted.subscriptions) {
        const stack = hosted.eventStackOf(subscription, side === "remote");
        const handler = wrap(stack, eventHandler(subscription, hosted.resolve(subscription)));
        handlers.set(`event ${side} ${eventMethod(subscription.event)}`, handler);
      }
    }
    const entry = { version: hosted.contract.version, handlers, draining: false, pending: 0, onIdle: undefined };
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

  #dispatch(call: Call, side: "local" | "remote"): Promise<Reply> {
    const entry = this.#entries.get(call.service);
    const handler = entry?.handlers.get(`${call.kind} ${side} ${call.method}`);
    if (entry === undefined && !this.placed.includes(call.service)) {
      return refuse("unimplemented", `This process does not serve ${call.service}.`);
    }
    if (entry === undefined || entry.draining) return refuse("unavailable", `${call.service} is not running now.`);
    if (call.kind === "request" && entry.version !== call.version) {
      const versions = `as version ${entry.version}, and was asked as version ${call.version}`;
      return refuse("failed_precondition", `${call.service} is served here ${versions}.`);
    }
    if (handler === undefined) return refuse("unimplemented", `${call.service} has no ${call.kind} ${call.method}.`);
    entry.pending++;
    return handler(call).finally(() => {
      if (--entry.pending === 0) entry.onIdle?.();
    });
  }
}

const refuse = (code: Code, message: string): Promise<never> =>
  Promise.reject(errorOf(code, message, { outcome: "not-executed" }));

const procedureHandler = (service: object, method: string): Handler => {
  const implementation = (service as Record<string, (input: unknown, ctx: unknown) => Promise<unknown>>)[method]!;
  return async (call) => ({ output: await implementation.call(service, call.input, call.context) });
};

const eventHandler =
  (subscription: Subscription, target: unknown): Handler =>
  async (call) => {
    try {
      await subscription.handle(target, call.input, call.context);
    } catch (error) {
      // The effect is there already, from an earlier delivery whose confirmation was lost.
      if (!(error instanceof AlreadyHandled)) throw error;
    }
    return { output: {} };
  };
