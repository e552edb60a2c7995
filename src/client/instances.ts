import type { Balancer } from "../core/balancer.js";
import type { Call, Handler } from "../core/call.js";
import type { Clock } from "../core/clock.js";
import { type Instance, serves } from "../core/registry.js";
import type { Connection, Transport } from "../core/transport.js";
import { Endpoint, type EndpointLayers } from "./endpoint.js";
import { nobodyServes } from "./nobody-serves.js";
import { type Member, Pool } from "./pool.js";
import { WaitingRoom } from "./waiting-room.js";

export interface InstancesOptions {
  readonly transportOf: (name: string) => Transport;
  /** How the calls of a service are spread. Asked once for each service. */
  readonly balancerOf: (service: string) => Balancer;
  readonly clock: Clock;
  /** Makes the layers of a service before an endpoint, which is named by transport and address. */
  readonly layersOf?: (service: string, endpoint: string) => EndpointLayers;
}

/** By service and version. */
type Pools = Map<string, Map<number, Pool>>;

const anyVersion = 0;

/**
 * The instances of every service, over every transport, as the registry names them; connections are made when first
 * used and shared by all services of an address. An instance that is gone is no longer picked; what is under way with
 * it settles by itself.
 */
export class Instances {
  readonly #endpoints = new Map<string, Endpoint>();
  /** By transport. */
  readonly #pools = new Map<string, Pools>();
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
    for (const { service, version, transport, pool } of this.#eachPool()) {
      const members = this.#membersOf(service, transport, version);
      const added = members.filter(({ instance }) => !before.has(instance.id));
      // Where nobody else is, a newcomer has to take everything at once.
      if (added.length < members.length) for (const { endpoint } of added) endpoint.warmUp();
      pool.update(members);
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
    const known = this.#poolsOf(transport);
    return (call: Call) => {
      // An event has the version of its producer's contract, which is not the subscriber's.
      const version = call.kind === "event" ? anyVersion : call.version;
      const pool = known.get(call.service)?.get(version) ?? this.#pool(call.service, version, transport, known);
      return pool.call(call);
    };
  }

  #poolsOf(transport: string): Pools {
    let pools = this.#pools.get(transport);
    if (pools === undefined) this.#pools.set(transport, (pools = new Map()));
    return pools;
  }

  #pool(service: string, version: number, transport: string, pools: Pools): Pool {
    const { balancerOf, clock } = this.options;
    const pool = new Pool({
      clock,
      waitingRoom: this.#waitingRoom,
      leftAt: () => this.#leftAt.get(service) ?? Number.NEGATIVE_INFINITY,
      balancer: balancerOf(service),
      nobody: () => nobodyServes(service, version, transport, this.#known),
    });
    pool.update(this.#membersOf(service, transport, version));
    let versions = pools.get(service);
    if (versions === undefined) pools.set(service, (versions = new Map()));
    versions.set(version, pool);
    return pool;
  }

  #membersOf(service: string, transport: string, version = anyVersion): Member[] {
    const members: Member[] = [];
    for (const instance of this.#known) {
      const address = instance.addresses[transport];
      if (address === undefined || !Object.hasOwn(instance.services, service)) continue;
      if (version === anyVersion || serves(instance, service, version))
        members.push({ instance, endpoint: this.#endpoint(instance, transport, address) });
    }
    return members;
  }

  #endpoint(instance: Instance, transport: string, address: string): Endpoint {
    const key = `${transport} ${address}`;
    let endpoint = this.#endpoints.get(key);
    if (endpoint === undefined) {
      const { transportOf, clock, layersOf = noLayers } = this.options;
      endpoint = new Endpoint(instance, transportOf(transport).connect(address), {
        clock,
        onChange: () => this.#refresh(),
        layersOf: (service) => layersOf(service, key),
      });
      this.#endpoints.set(key, endpoint);
    } else endpoint.describe(instance);
    return endpoint;
  }

  *#eachPool() {
    for (const [transport, pools] of this.#pools)
      for (const [service, versions] of pools)
        for (const [version, pool] of versions) yield { service, version, transport, pool };
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
    for (const { pool } of this.#eachPool()) pool.refresh();
    this.#waitingRoom.look();
  }
}

const noLayers = (): EndpointLayers => ({ stack: [], close() {} });
