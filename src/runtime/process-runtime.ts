import { createClient } from "../client/client.js";
import { Instances } from "../client/instances.js";
import { roundRobin } from "../client/round-robin.js";
import { Route } from "../client/route.js";
import type { Handler } from "../core/call.js";
import type { ClientOf } from "../core/client.js";
import { type Context, type ContextFields, rootContext } from "../core/context.js";
import type { Contract, EventDefinition } from "../core/contract.js";
import { Deadlines } from "../core/deadline.js";
import { errorOf, isError } from "../core/error.js";
import type { CreateGateway, Gateway, Readiness } from "../core/gateway.js";
import { eventMethod, type Module } from "../core/module.js";
import type { Registration, Registry } from "../core/registry.js";
import { type ProcessSpec, processOf, routeOf, type Topology } from "../core/topology.js";
import type { Connection, CreateTransport, Listener, Transport } from "../core/transport.js";
import { ServiceHost } from "../server/service-host.js";
import { listenAddress, listenedTransports } from "./addresses.js";
import { listenToBestEffortEvents } from "./best-effort.js";
import { type ModuleSurroundings, type RunningModule, startModule } from "./module-runtime.js";
import { processContract } from "./process-contract.js";
import { ConfigurationError, type Settings } from "./settings.js";
import { createStacks, type StackParts } from "./stacks.js";

export interface ProcessOptions {
  readonly topology: Topology;
  /** Which process of the topology this is. */
  readonly process: ProcessSpec;
  /** Every module of the topology; only those placed here are started. */
  readonly modules: ReadonlyMap<string, Module>;
  readonly settings: Settings;
  readonly registry: Registry;
  readonly parts: Omit<StackParts, "deadlines">;
  readonly loadTransport: (name: string) => Promise<CreateTransport>;
  /** Called only where the process has a gateway. */
  readonly loadGateway: () => Promise<CreateGateway>;
  /** Stands before the transport of every edge. For tests. */
  readonly wrapEdge?: (edge: Handler) => Handler;
}

const local = "local";

/** One process of a system: its modules, the routes of everything they call, and how others reach it. */
export class ProcessRuntime {
  readonly #options: ProcessOptions;
  readonly #parts: StackParts;
  readonly #stacks;
  readonly #host = new ServiceHost();
  readonly #routes = new Map<string, Route>();
  readonly #transports = new Map<string, Transport>();
  readonly #instances: Instances;
  readonly #listeners: Listener[] = [];
  readonly #modules = new Map<string, RunningModule>();
  readonly #closing: (() => void | Promise<void>)[] = [];
  /** The in-process connection to this process's own modules. */
  #neighbours: Connection | undefined;
  #registration: Registration | undefined;
  #gateway: Gateway | undefined;

  private constructor(options: ProcessOptions) {
    this.#options = options;
    this.#parts = { ...options.parts, deadlines: new Deadlines(options.parts.clock) };
    this.#stacks = createStacks(this.#parts);
    this.#instances = new Instances((name) => this.#transports.get(name)!, roundRobin());
  }

  /** Starts a process: its modules first, then the ways to reach them. Leaves nothing behind where it fails. */
  static async start(options: ProcessOptions): Promise<ProcessRuntime> {
    const runtime = new ProcessRuntime(options);
    try {
      await runtime.#start();
      return runtime;
    } catch (error) {
      await runtime.stop();
      throw error;
    }
  }

  /** Transport name, or `gateway` or `admin` → address at which this process listens. */
  readonly addresses: Record<string, string> = {};

  /** Calls being handled, and work under way without a caller. */
  get pending(): number {
    let sum = this.#host.pending;
    for (const module of this.#modules.values()) sum += module.pending;
    return sum;
  }

  /** How many calls made here have a deadline to keep. */
  get pendingDeadlines(): number {
    return this.#parts.deadlines.size;
  }

  /** A client of any contract of the topology. */
  client<C extends Contract>(contract: C, caller = "external"): ClientOf<C> {
    return createClient({
      contract,
      caller,
      route: this.#route(contract.name),
      stackOf: (method, remote) => this.#stacks.client(contract, method, remote),
    });
  }

  /** A context for calls that begin here. `deadlineMs` is a length in milliseconds. */
  context(deadlineMs: number, fields: Omit<ContextFields, "clock" | "deadline"> = {}): Context {
    return rootContext(this.#parts.clock, deadlineMs, fields);
  }

  /** What this process, and every process it can ask, waits for. */
  async readiness(): Promise<Readiness> {
    const others = this.#options.topology.processes.filter(
      (process) => process !== this.#options.process && process.modules.length > 0,
    );
    const answers = await Promise.all(others.map((process) => this.#readinessOf(process)));
    return { waitingFor: [...this.#ownReadiness().waitingFor, ...answers.flatMap((answer) => answer.waitingFor)] };
  }

  /** Stops one module: it answers what is under way, and calls to it find nobody until it is started again. */
  async stopModule(name: string): Promise<void> {
    const module = this.#modules.get(name);
    if (module === undefined) return;
    this.#modules.delete(name);
    await module.stop();
  }

  /** Starts one module that this process owns. */
  async startModule(name: string): Promise<void> {
    const module = this.#options.modules.get(name);
    if (module === undefined) throw new Error(`there is no module ${name}`);
    if (this.#modules.has(name)) throw new Error(`${name} is already running in this process`);
    this.#modules.set(name, await startModule(module, this.#surroundings(module)));
  }

  /** Drains and stops everything, from the outside in: nothing new comes in, what is under way is answered. */
  async stop(): Promise<void> {
    await this.#registration?.close();
    await this.#gateway?.close();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    await Promise.all([...this.#modules.keys()].map((name) => this.stopModule(name)));
    for (const close of this.#closing.splice(0)) await close();
    await Promise.all([...this.#transports.values()].map((transport) => transport.close()));
    await this.#options.registry.close();
  }

  async #start(): Promise<void> {
    const { topology, process, registry } = this.#options;
    await this.#openTransports();
    this.#closing.push(registry.watch((instances) => this.#instances.update(instances)));
    this.#listeners.push(await this.#transports.get("in-process")!.serve(local, this.#host.local));
    this.#neighbours = this.#transports.get("in-process")!.connect(local);
    for (const name of this.#options.modules.keys()) this.#pointRoute(name);
    for (const other of topology.processes) if (other !== process) this.#pointRoute(`process-${other.name}`, other);
    this.#closing.push(await this.#listenToEvents());

    await Promise.all(process.modules.map((name) => this.startModule(name)));
    this.#serveOwnReadiness();

    for (const transport of listenedTransports(topology, process)) {
      const { dynamicAddress } = this.#transports.get(transport)!.features;
      const address = listenAddress(process, transport, this.#options.settings);
      await this.#listen(
        transport,
        transport,
        address || (dynamicAddress ? "http://127.0.0.1:0" : process.name),
        this.#host.remote,
      );
    }
    this.#registration = await registry.register(this.#asInstance());
    if (process.gateway !== undefined) await this.#openGateway(process.gateway);
  }

  async #openTransports(): Promise<void> {
    const { topology, process, modules, settings, parts } = this.#options;
    const names = new Set(["in-process", ...listenedTransports(topology, process)]);
    for (const name of modules.keys()) {
      if (topology.processes.length > 1 && !process.modules.includes(name)) names.add(routeOf(topology, name));
    }
    if (process.gateway !== undefined) names.add("http");
    const namespace = settings.namespace ?? topology.name;
    for (const name of names) {
      const createTransport = await this.#options.loadTransport(name);
      const own = { url: settings.redisUrl, namespace, ...topology.transports[name] };
      this.#transports.set(name, createTransport({ ...parts, settings: own }));
    }
  }

  #route(service: string): Route {
    let route = this.#routes.get(service);
    if (route === undefined) this.#routes.set(service, (route = new Route(service)));
    return route;
  }

  /** Points a service's route at this process or at whoever serves it elsewhere. */
  #pointRoute(service: string, at = processOf(this.#options.topology, service)): void {
    if (at === undefined) return;
    const wrapEdge = this.#options.wrapEdge ?? ((edge) => edge);
    if (at === this.#options.process) {
      const call = wrapEdge(this.#neighbours!.call);
      this.#route(service).swap({ transport: "in-process", remote: false, call });
      return;
    }
    const module = at.modules.includes(service) ? service : at.modules[0];
    if (module === undefined) return;
    const transport = routeOf(this.#options.topology, module);
    if (!this.#transports.has(transport)) return;
    this.#route(service).swap({ transport, remote: true, call: wrapEdge(this.#instances.handlerOf(transport)) });
  }

  #surroundings(module: Module): ModuleSurroundings {
    return {
      parts: this.#parts,
      stacks: this.#stacks,
      host: this.#host,
      dataDir: this.#options.settings.dataDir,
      client: (contract, caller) => this.client(contract, caller),
      deliver: (call) => this.#route(call.service).current.call(call),
      publish: (event, payload) => this.#publish(event, payload),
      subscribers: subscribersOf(module, this.#options),
    };
  }

  #publish(event: EventDefinition, payload: unknown): void {
    for (const listener of this.#listeners) listener.publish(eventMethod(event), payload);
  }

  #listenToEvents(): Promise<() => void> {
    const { topology, process, modules, registry, parts } = this.#options;
    return listenToBestEffortEvents({
      modules: process.modules.map((name) => modules.get(name)!),
      registry,
      connectionsOf: (service) =>
        process.modules.includes(service)
          ? [this.#neighbours!]
          : this.#instances.connectionsOf(service, routeOf(topology, service)),
      handle: this.#host.remote,
      ...parts,
    });
  }

  #serveOwnReadiness(): void {
    const contract = processContract(this.#options.process.name);
    this.#host.serve({
      contract,
      service: { ready: () => Promise.resolve(this.#ownReadiness()) },
      subscriptions: [],
      resolve: () => undefined,
      stackOf: (method, remote) => this.#stacks.server(contract, method, remote),
      eventStackOf: () => [],
    });
  }

  #ownReadiness(): Readiness {
    const missing = this.#options.process.modules.filter((name) => !this.#modules.has(name));
    return { waitingFor: missing.map((name) => ({ name, reason: "the module is not running" })) };
  }

  async #readinessOf(process: ProcessSpec): Promise<Readiness> {
    try {
      return await this.client(processContract(process.name), "pangaea").ready({}, this.context(1_000));
    } catch (error) {
      const reason = isError(error) ? error.message : "it could not be asked";
      return { waitingFor: [{ name: `process ${process.name}`, reason }] };
    }
  }

  #asInstance() {
    const { process, modules, parts } = this.#options;
    const services = process.modules.map((name) => [name, modules.get(name)!.contract.version] as const);
    return {
      id: `${process.name}-${parts.ids.hex(4)}`,
      process: process.name,
      services: { ...Object.fromEntries(services), [`process-${process.name}`]: 1 },
      addresses: { ...this.addresses },
    };
  }

  async #openGateway(spec: NonNullable<ProcessSpec["gateway"]>): Promise<void> {
    const { settings, modules, parts } = this.#options;
    const createGateway = await this.#options.loadGateway();
    this.#gateway = await createGateway({
      host: spec.host ?? settings.host,
      port: spec.port ?? settings.port,
      contracts: [...modules.values()].map((module) => module.contract),
      client: (contract) => this.client(contract, "gateway"),
      readiness: () => this.readiness(),
      ...parts,
    });
    this.addresses.gateway = this.#gateway.address;
    // The command line's way in: the same Connect protocol, on loopback, to every service wherever it runs.
    await this.#listen("admin", "http", `http://127.0.0.1:${settings.adminPort}`, this.#adminCall);
  }

  async #listen(name: string, transport: string, address: string, handler: Handler): Promise<void> {
    try {
      const listener = await this.#transports.get(transport)!.serve(address, handler);
      this.#listeners.push(listener);
      this.addresses[name] = listener.address;
    } catch (error) {
      throw new ConfigurationError(`${name} listener: ${(error as Error).message}`);
    }
  }

  readonly #adminCall: Handler = async (call) => {
    const contract = this.#options.modules.get(call.service)?.contract;
    if (contract === undefined || !Object.hasOwn(contract.procedures, call.method)) {
      throw errorOf("unimplemented", `There is no ${call.service}.${call.method}.`, { outcome: "not-executed" });
    }
    const client = this.client<Contract>(contract, "admin");
    return {
      output: await client[call.method]!(call.input, call.context, { idempotencyKey: call.context.idempotencyKey }),
    };
  };
}

/** Who wants which at-least-once events of a module, anywhere in the topology. */
function subscribersOf(producer: Module, { modules, topology }: ProcessOptions): Map<string, Set<string>> {
  const subscribers = new Map<string, Set<string>>();
  for (const module of modules.values()) {
    if (processOf(topology, module.name) === undefined) continue;
    for (const { event } of module.on) {
      if (event.service !== producer.name || event.delivery !== "at-least-once") continue;
      const events = subscribers.get(module.name) ?? new Set();
      subscribers.set(module.name, events.add(event.name));
    }
  }
  return subscribers;
}
