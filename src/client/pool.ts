import type { Balancer } from "../core/balancer.js";
import type { Call, Reply } from "../core/call.js";
import type { Clock } from "../core/clock.js";
import { isError, type PangaeaError } from "../core/error.js";
import type { Instance } from "../core/registry.js";
import type { Endpoint } from "./endpoint.js";
import type { WaitingRoom } from "./waiting-room.js";

/** For so long after the last instance of a service has left, calls to it wait for the next one. Milliseconds. */
const replacementMs = 5_000;

/** An instance that gets nothing new while others are there: it is on its way out, or it has fallen silent. */
const isLeaving = ({ isDraining, isSuspect }: Instance): boolean => isDraining === true || isSuspect === true;

/** What the registry says of one instance of a service, and the way to it. */
export interface Member {
  readonly instance: Instance;
  readonly endpoint: Endpoint;
}

export interface PoolOptions {
  readonly balancer: Balancer;
  readonly clock: Clock;
  readonly waitingRoom: WaitingRoom;
  /** When the last instance of the service left, over whichever transport; a moment of the clock. */
  readonly leftAt: () => number;
  /** Why there is nobody who could take a call. */
  readonly nobody: () => PangaeaError;
}

/** The instances of one service over one transport, and which of them gets a call. */
export class Pool {
  #members: readonly Member[] = [];
  /** Who may be picked now. Empty only where nobody is there. */
  #candidates: readonly Endpoint[] = [];
  #allDrain = false;

  constructor(private readonly options: PoolOptions) {}

  get candidates(): readonly Endpoint[] {
    return this.#candidates;
  }

  /** Everybody who is there, whether or not a call would be sent to them. */
  get members(): readonly Member[] {
    return this.#members;
  }

  /** The registry's list has changed. */
  update(members: readonly Member[]): void {
    this.#members = members;
    this.refresh();
  }

  /**
   * Looks again who may be picked: no instance that leaves while another stays, and none that is ejected, but never fewer
   * than half.
   */
  refresh(): void {
    const staying = this.#members.filter(({ instance }) => !isLeaving(instance));
    const suspects = () => this.#members.filter(({ instance }) => instance.isDraining !== true);
    const chosen = staying.length > 0 ? staying : suspects();
    const among = (chosen.length > 0 ? chosen : this.#members).map(({ endpoint }) => endpoint);
    this.#allDrain = chosen.length === 0 && among.length > 0;
    this.#candidates = withoutEjected(among);
  }

  readonly call = (call: Call): Promise<Reply> => {
    const candidates = this.#candidates;
    if (candidates.length === 1) return this.#send(candidates[0]!, call, undefined);
    return candidates.length === 0
      ? this.#await(call, this.options.nobody())
      : this.#send(this.#pick(call), call, undefined);
  };

  #pick(call: Call): Endpoint {
    return this.options.balancer.pick(this.#candidates, call);
  }

  #send(endpoint: Endpoint, call: Call, tried: Set<Endpoint> | undefined): Promise<Reply> {
    const { balancer, clock } = this.options;
    // With nobody to compare it to, nothing is measured.
    const sentAt = balancer.observe === undefined || this.#candidates.length < 2 ? undefined : clock.now();
    endpoint.pending++;
    return endpoint.send(call).then(
      (reply) => {
        endpoint.settled();
        if (sentAt !== undefined) balancer.observe!(endpoint, clock.now() - sentAt);
        return reply;
      },
      (error: unknown) => {
        endpoint.settled();
        if (sentAt !== undefined) balancer.observe!(endpoint, clock.now() - sentAt);
        if (!wasNotTaken(error)) throw error;
        return this.#again(call, error, (tried ?? new Set()).add(endpoint));
      },
    );
  }

  /** Nobody has begun with the call: it goes to somebody else, or waits for who comes. */
  #again(call: Call, error: PangaeaError, tried: Set<Endpoint>): Promise<Reply> {
    const { reason } = call.context.cancellation;
    if (reason !== undefined) return Promise.reject(reason);
    const others = this.#candidates.filter((endpoint) => !tried.has(endpoint));
    if (others.length === 0) return this.#await(call, error, tried);
    const next = others.length === 1 ? others[0]! : this.options.balancer.pick(others, call);
    return this.#send(next, call, tried);
  }

  /** Waits for another instance where one has just left, or is leaving; where not, `otherwise` is known at once. */
  async #await(call: Call, otherwise: PangaeaError, tried?: Set<Endpoint>): Promise<Reply> {
    const { clock, waitingRoom, leftAt } = this.options;
    const giveUpAt = (this.#allDrain ? clock.now() : leftAt()) + replacementMs;
    const isThere = () => this.#candidates.some((endpoint) => tried?.has(endpoint) !== true);
    if (!(await waitingRoom.wait(call.context, giveUpAt, isThere))) throw otherwise;
    return tried === undefined ? this.call(call) : this.#again(call, otherwise, tried);
  }
}

/** Ejected ones stay out, but at least half stay in: first those that are to come back soonest. */
function withoutEjected(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const atLeast = Math.ceil(endpoints.length / 2);
  const staying = endpoints.filter(({ isEjected }) => !isEjected);
  if (staying.length >= atLeast) return staying;
  const soonest = endpoints.filter(({ isEjected }) => isEjected).toSorted((a, b) => a.ejectedUntil - b.ejectedUntil);
  return [...staying, ...soonest.slice(0, atLeast - staying.length)];
}

/** Whether no handler has begun with a call, so that somebody else may have it, whatever it does. */
const wasNotTaken = (error: unknown): error is PangaeaError =>
  isError(error) && error.code === "unavailable" && (error.outcome === "not-sent" || error.outcome === "not-executed");
