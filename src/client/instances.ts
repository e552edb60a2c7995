import type { Balancer } from "../core/balancer.js";
import type { Call, Handler, Stack } from "../core/call.js";
import { errorOf } from "../core/error.js";
import type { Instance } from "../core/registry.js";
import type { Connection, Transport } from "../core/transport.js";
import { wrap } from "../core/wrap.js";

/** What stands before one endpoint for the calls to one service. */
export interface EndpointLayers {
  readonly stack: Stack;
  /** Whether a call would be refused here now; then another endpoint is picked, if there is one. */
  refuses(): boolean;
  /** The endpoint is gone. */
  close(): void;
}

/** Makes the layers of a service before an endpoint; asked once for each. */
type LayersOf = (service: string, endpoint: string) => EndpointLayers;

const noLayers: LayersOf = () => ({ stack: [], refuses: () => false, close() {} });

/** A place where services can be asked, over one transport. Once retired, it is closed as soon as nothing is under way. */
class Endpoint {
  #pending = 0;
  #retired = false;
  readonly #services = new Map<string, { readonly layers: EndpointLayers; readonly call: Handler }>();

  constructor(
    readonly connection: Connection,
    private readonly name: string,
    private readonly layersOf: LayersOf,
  ) {}

  readonly call: Handler = (call) => {
    this.#pending++;
    return this.#handlerOf(call.service)(call).finally(() => {
      this.#pending--;
      this.#closeIfDone();
    });
  };

  /** Whether it would refuse a call to `service`. */
  refuses(service: string): boolean {
    return this.#services.get(service)?.layers.refuses() ?? false;
  }

  retire(): void {
    this.#retired = true;
    this.#closeIfDone();
    for (const { layers } of this.#services.values()) layers.close();
  }

  #handlerOf(service: string): Handler {
    let known = this.#services.get(service);
    if (known === undefined) {
      const layers = this.layersOf(service, this.name);
      this.#services.set(service, (known = { layers, call: wrap(layers.stack, (call) => this.connection.call(call)) }));
    }
    return known.call;
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
    private readonly layersOf: LayersOf = noLayers,
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
      const endpoints = this.#endpointsOf(call.service, transport);
      if (endpoints.length === 0) {
        const message = `No running process serves ${call.service} over ${transport}.`;
        return Promise.reject(errorOf("unavailable", message, { outcome: "not-sent" }));
      }
      const willing = endpoints.length === 1 ? endpoints : endpoints.filter((each) => !each.refuses(call.service));
      return this.balancer.pick(willing.length === 0 ? endpoints : willing, call).call(call);
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
      endpoint = new Endpoint(this.transportOf(transport).connect(address), key, this.layersOf);
      this.#endpoints.set(key, endpoint);
    }
    return endpoint;
  }
}
