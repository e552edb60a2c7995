import type { Balancer } from "../core/balancer.js";
import type { Call, Handler } from "../core/call.js";
import type { Clock } from "../core/clock.js";
import type { Instance } from "../core/registry.js";
import type { Connection, Transport } from "../core/transport.js";
import { Endpoint } from "./endpoint.js";
import { type Member, Pool } from "./pool.js";
import { WaitingRoom } from "./waiting-room.js";

export interface InstancesOptions {
  readonly transportOf: (name: string) => Transport;
  /** How the calls of a service are spread. Asked once for each service. */
  readonly balancerOf: (service: string) => Balancer;
  readonly clock: Clock;
  /** Stands before each attempt at an endpoint. */
  readonly attempt?: (next: Handler, at: { readonly transport: string; readonly address: string }) => Handler;
}

/**
 * The instances of every service, over every transport, as the registry names them; connections are made when first
 * used and shared by all services of an address. An instance that is gone is no longer picked; what is under way with
 * it settles by itself.
 */
export class Instances {
  readonly #endpoints = new Map<string, Endpoint>();
  /** By transport and service. */
  readonly #pools = new Map<string, Map<string, Pool>>();
  readonly #waitingRoom: WaitingRoom;
  #known: readonly Instance[] = [];
  /** Service → when its last instance left. */
  readonly #leftAt = new Map<string, number>();

  constructor(private readonly options: InstancesOptions) {
    this.#waitingRoom = new WaitingRoom(options.clock);
  }

  get known(): readonly Instance[] {
    return this.#known;
  }

  /** Calls that wait for an instance to come. */
  get waiting(): number {
    return this.#waitingRoom.size;
  }

  /** Takes over the registry's list; connections to addresses that are no longer in it close when they are idle. */
  update(instances: readonly Instance[]): void {
    this.#noteWhoLeft(instances);
    const before = new Set(this.#known.map(({ id }) => id));
    this.#known = instances;
    for (const [transport, pools] of this.#pools) {
      for (const [service, pool] of pools) {
        const members = this.#membersOf(service, transport);
        const added = members.filter(({ instance }) => !before.has(instance.id));
        // Where nobody else is, a newcomer has to take everything at once.
        if (added.length < members.length) for (const { endpoint } of added) endpoint.warmUp();
        pool.update(members);
      }
    }
    const current = new Set(
      instances.flatMap(({ addresses }) => Object.entries(addresses).map(([name, address]) => `${name} ${address}`)),
    );
    for (const [key, endpoint] of this.#endpoints) {
      if (current.has(key)) continue;
      this.#endpoints.delete(key);
      endpoint.retire();
    }
    this.#waitingRoom.look();
  }

  /** From now on no call waits for an instance to come: this process ends. */
  stopWaiting(): void {
    this.#waitingRoom.close();
  }

  /** All connections over which `service` can be reached now. */
  connectionsOf(service: string, transport: string): Connection[] {
    return this.#membersOf(service, transport).map(({ endpoint }) => endpoint.connection);
  }

  /**
   * A handler that picks an endpoint for each call. That nobody is there is known at once, but where the last one has
   * just left: then a call waits for the next.
   */
  handlerOf(transport: string): Handler {
    let pools = this.#pools.get(transport);
    if (pools === undefined) this.#pools.set(transport, (pools = new Map()));
    const known = pools;
    return (call: Call) => (known.get(call.service) ?? this.#pool(call.service, transport, known)).call(call);
  }

  #pool(service: string, transport: string, pools: Map<string, Pool>): Pool {
    const { balancerOf, clock } = this.options;
    const leftAt = () => this.#leftAt.get(service) ?? Number.NEGATIVE_INFINITY;
    const parts = { clock, waitingRoom: this.#waitingRoom, leftAt, balancer: balancerOf(service) };
    const pool = new Pool({ ...parts, service, transport });
    pool.update(this.#membersOf(service, transport));
    pools.set(service, pool);
    return pool;
  }

  #membersOf(service: string, transport: string): Member[] {
    const members: Member[] = [];
    for (const instance of this.#known) {
      const address = instance.addresses[transport];
      if (address !== undefined && Object.hasOwn(instance.services, service))
        members.push({ instance, endpoint: this.#endpoint(instance, transport, address) });
    }
    return members;
  }

  #endpoint(instance: Instance, transport: string, address: string): Endpoint {
    const key = `${transport} ${address}`;
    let endpoint = this.#endpoints.get(key);
    if (endpoint === undefined) {
      const { transportOf, clock, attempt = asItIs } = this.options;
      const onChange = () => this.#refresh();
      const connection = transportOf(transport).connect(address);
      endpoint = new Endpoint(instance, connection, { clock, onChange }, (next) =>
        attempt(next, { transport, address }),
      );
      this.#endpoints.set(key, endpoint);
    } else endpoint.describe(instance);
    return endpoint;
  }

  #noteWhoLeft(instances: readonly Instance[]): void {
    const there = new Set(instances.flatMap(({ services }) => Object.keys(services)));
    for (const { services } of this.#known) {
      for (const service of Object.keys(services)) {
        if (!there.has(service)) this.#leftAt.set(service, this.options.clock.now());
      }
    }
  }

  /** An endpoint was ejected, or is back. */
  #refresh(): void {
    for (const pools of this.#pools.values()) for (const pool of pools.values()) pool.refresh();
    this.#waitingRoom.look();
  }
}

const asItIs = (next: Handler): Handler => next;
