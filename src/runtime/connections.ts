import { createClient } from "../client/client.js";
import { Instances } from "../client/instances.js";
import { type Edge, Route } from "../client/route.js";
import type { Handler } from "../core/call.js";
import type { ClientOf } from "../core/client.js";
import type { Contract, EventDefinition } from "../core/contract.js";
import { eventMethod } from "../core/module.js";
import { type ProcessSpec, processOf, routeOf } from "../core/topology.js";
import type { Connection, Listener, Transport } from "../core/transport.js";
import type { ServiceHost } from "../server/service-host.js";
import { listenAddress, listenedTransports } from "./addresses.js";
import { processContract } from "./process-contract.js";
import type { ProcessOptions } from "./process-runtime.js";
import { ConfigurationError } from "./settings.js";
import { balancersOf } from "./balance.js";
import type { Stacks } from "./stacks.js";

const local = "local";

const asItIs = (edge: Handler): Handler => edge;

/** Everything by which one process reaches services, its own and others', and by which others reach it. */
export class Connections {
  readonly #routes = new Map<string, Route>();
  readonly #transports = new Map<string, Transport>();
  readonly #instances: Instances;
  /** What others come in by. */
  readonly #listeners: Listener[] = [];
  /** What this process's own modules reach each other by; closes last. */
  #inner: { readonly listener: Listener; readonly connection: Connection } | undefined;
  #stopWatching = () => {};

  constructor(
    private readonly options: ProcessOptions,
    private readonly stacks: Stacks,
    private readonly host: ServiceHost,
  ) {
    this.#instances = new Instances({
      transportOf: (name) => this.#transports.get(name)!,
      balancerOf: balancersOf(options),
      clock: options.parts.clock,
      layersOf: (service, endpoint) => this.stacks.endpoint(service, endpoint),
    });
  }

  /** Loads the transports that this process needs and points every route; listens to nobody outside yet. */
  async open(): Promise<void> {
    const { modules, registry } = this.options;
    for (const name of this.#neededTransports()) this.#transports.set(name, await this.#load(name));
    const inProcess = this.#transports.get("in-process")!;
    this.#inner = { listener: await inProcess.serve(local, this.host.local), connection: inProcess.connect(local) };
    for (const name of modules.keys()) this.pointRoute(name);
    this.#stopWatching = registry.watch((instances) => this.#instances.update(instances));
  }

  /** Listens on every transport over which others call this process; gives back transport name → address. */
  async listen(): Promise<Record<string, string>> {
    const { topology, process, settings } = this.options;
    const addresses: Record<string, string> = {};
    for (const transport of listenedTransports(topology, process)) {
      const name = this.options.instance ?? process.name;
      const address = listenAddress(process, this.#transports.get(transport)!, settings, name);
      addresses[transport] = await this.listenAt(transport, transport, address, this.host.remote);
    }
    return addresses;
  }

  /** Listens at one address, for `handler`; `name` is what messages call it. Gives back the address as it came out. */
  async listenAt(name: string, transport: string, address: string, handler: Handler): Promise<string> {
    try {
      const listener = await this.#transports.get(transport)!.serve(address, handler);
      this.#listeners.push(listener);
      return listener.address;
    } catch (error) {
      throw new ConfigurationError(`${name} listener: ${(error as Error).message}`);
    }
  }

  /** The cell that says where calls to a service go. */
  route(service: string): Route {
    let route = this.#routes.get(service);
    if (route === undefined) this.#routes.set(service, (route = new Route(service)));
    return route;
  }

  client<C extends Contract>(contract: C, caller: string): ClientOf<C> {
    const { fallbacks = [] } = this.options.modules.get(caller) ?? {};
    const fallbackOf = (method: string) =>
      fallbacks.find((each) => each.service === contract.name && each.method === method);
    return createClient({
      contract,
      caller,
      route: this.route(contract.name),
      stackOf: (method, remote) => this.stacks.client(contract, method, remote, fallbackOf(method)),
    });
  }

  /** Clients of what another process answers about itself: one for each transport over which its services are called. */
  processClients(other: ProcessSpec): ClientOf<ReturnType<typeof processContract>>[] {
    const contract = processContract(other.name);
    const transports = new Set(other.modules.map((module) => routeOf(this.options.topology, module)));
    return [...transports].map((transport) => {
      const route = new Route(contract.name);
      route.swap(this.#edgeOver(transport));
      return this.#processClient(contract, route);
    });
  }

  /** A client of what the process that runs a module answers, this one or another; undefined where nobody runs it. */
  hostClient(module: string): ClientOf<ReturnType<typeof processContract>> | undefined {
    const { topology, process } = this.options;
    const at = processOf(topology, module);
    if (at === undefined) return undefined;
    const contract = processContract(at.name);
    const route = new Route(contract.name);
    const local = { transport: "in-process", remote: false, call: this.#inner!.connection.call };
    route.swap(at === process ? local : this.#edgeOver(routeOf(topology, module)));
    return this.#processClient(contract, route);
  }

  /** Every connection over which a service can be reached now. */
  connectionsOf(service: string): readonly Connection[] {
    const { topology, process } = this.options;
    if (process.modules.includes(service)) return [this.#inner!.connection];
    return this.#instances.connectionsOf(service, routeOf(topology, service));
  }

  /** Sends a best-effort event to whoever listens, inside and outside. */
  publish(event: EventDefinition, payload: unknown): void {
    for (const listener of [this.#inner!.listener, ...this.#listeners]) listener.publish(eventMethod(event), payload);
  }

  /** No call waits for an instance to come any longer. */
  stopWaiting(): void {
    this.#instances.stopWaiting();
  }

  /** Takes nothing new from outside and waits until what came in is answered; neighbours go on reaching each other. */
  async closeListeners(): Promise<void> {
    await Promise.all(this.#listeners.splice(0).map((listener) => listener.close()));
  }

  /** Closes the rest. */
  async close(): Promise<void> {
    this.#stopWatching();
    await this.#inner?.listener.close();
    await Promise.all([...this.#transports.values()].map((transport) => transport.close()));
  }

  #processClient(contract: ReturnType<typeof processContract>, route: Route) {
    const stackOf = (method: string, remote: boolean) => this.stacks.client(contract, method, remote);
    return createClient({ contract, caller: "pangaea", route, stackOf });
  }

  #neededTransports(): Set<string> {
    const { topology, process, modules } = this.options;
    const names = new Set(["in-process", ...listenedTransports(topology, process)]);
    for (const name of modules.keys()) {
      if (topology.processes.length > 1 && !process.modules.includes(name)) names.add(routeOf(topology, name));
    }
    // The admin listener speaks it.
    if (process.gateway !== undefined) names.add("http");
    return names;
  }

  async #load(name: string): Promise<Transport> {
    const { topology, settings, parts, loadTransport } = this.options;
    const createTransport = await loadTransport(name);
    const namespace = settings.namespace ?? topology.name;
    return createTransport({ ...parts, settings: { url: settings.redisUrl, namespace, ...topology.transports[name] } });
  }

  /** Points a service's route at this process or at whoever serves it elsewhere. */
  pointRoute(service: string): void {
    const { topology, process, wrapEdge = asItIs } = this.options;
    const at = processOf(topology, service);
    if (at === undefined) return;
    if (at === process) {
      const call = wrapEdge(this.#inner!.connection.call);
      this.route(service).swap({ transport: "in-process", remote: false, call });
    } else this.route(service).swap(this.#edgeOver(routeOf(topology, service)));
  }

  #edgeOver(transport: string): Edge {
    const { wrapEdge = asItIs } = this.options;
    return { transport, remote: true, call: wrapEdge(this.#instances.handlerOf(transport)) };
  }
}
