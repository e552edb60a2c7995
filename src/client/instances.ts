import type { Balancer } from "../core/balancer.js";
import type { Call, Handler } from "../core/call.js";
import type { Instance } from "../core/registry.js";
import type { Connection, Transport } from "../core/transport.js";
import { candidatesFor, noCandidate } from "./candidates.js";

/** A place where services can be asked, over one transport. Once retired, it is closed as soon as nothing is under way. */
class Endpoint {
  #pending = 0;
  #retired = false;

  constructor(readonly connection: Connection) {}

  readonly call: Handler = (call) => {
    this.#pending++;
    return this.connection.call(call).finally(() => {
      this.#pending--;
      this.#closeIfDone();
    });
  };

  retire(): void {
    this.#retired = true;
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#retired && this.#pending === 0) void this.connection.close();
  }
}

/**
 * The endpoints of every service, over every transport, as the registry names them; connections are made when first
 * used and shared by all services of an address. An instance that is gone is no longer picked; what is under way with
 * it settles by itself.
 */
export class Instances {
  readonly #endpoints = new Map<string, Endpoint>();
  #known: readonly Instance[] = [];

  constructor(
    private readonly transportOf: (name: string) => Transport,
    private readonly balancer: Balancer,
  ) {}

  get known(): readonly Instance[] {
    return this.#known;
  }

  /** Takes over the registry's list; connections to addresses that are no longer in it close when they are idle. */
  update(instances: readonly Instance[]): void {
    this.#known = instances;
    const current = new Set(
      instances.flatMap(({ addresses }) => Object.entries(addresses).map(([name, address]) => `${name} ${address}`)),
    );
    for (const [key, endpoint] of this.#endpoints) {
      if (current.has(key)) continue;
      this.#endpoints.delete(key);
      endpoint.retire();
    }
  }

  /** All connections over which `service` can be reached now. */
  connectionsOf(service: string, transport: string): Connection[] {
    return this.#endpointsOf(service, transport).map((endpoint) => endpoint.connection);
  }

  /** A handler that picks an endpoint for each call. Nobody there is known at once. */
  handlerOf(transport: string): Handler {
    return (call: Call) => {
      const candidates = candidatesFor(call, transport, this.#known);
      if (candidates.length === 0) return Promise.reject(noCandidate(call, transport, this.#known));
      const endpoints = candidates.map(({ addresses }) => this.#endpoint(transport, addresses[transport]!));
      return this.balancer.pick(endpoints, call).call(call);
    };
  }

  #endpointsOf(service: string, transport: string): Endpoint[] {
    const endpoints: Endpoint[] = [];
    for (const instance of this.#known) {
      const address = instance.addresses[transport];
      if (address !== undefined && Object.hasOwn(instance.services, service))
        endpoints.push(this.#endpoint(transport, address));
    }
    return endpoints;
  }

  #endpoint(transport: string, address: string): Endpoint {
    const key = `${transport} ${address}`;
    let endpoint = this.#endpoints.get(key);
    if (endpoint === undefined) {
      endpoint = new Endpoint(this.transportOf(transport).connect(address));
      this.#endpoints.set(key, endpoint);
    }
    return endpoint;
  }
}
