import type { Handler } from "../core/call.js";
import type { ClientOf } from "../core/client.js";
import { type Context, type ContextFields, rootContext } from "../core/context.js";
import type { Contract } from "../core/contract.js";
import type { CreateGateway, Gateway, Readiness } from "../core/gateway.js";
import type { Module } from "../core/module.js";
import type { Registration, Registry } from "../core/registry.js";
import { type ProcessSpec, processOf, type Topology } from "../core/topology.js";
import type { CreateTransport } from "../core/transport.js";
import { wrap } from "../core/wrap.js";
import { clientDeadline } from "../interceptors/deadline.js";
import { ServiceHost } from "../server/service-host.js";
import type { Telemetry } from "../observability/telemetry.js";
import type { Backend } from "../storage/backend.js";
import { AbsentModules } from "./absent-modules.js";
import { listenToBestEffortEvents } from "./best-effort.js";
import { Connections } from "./connections.js";
import { openEntry } from "./entry.js";
import { type ModuleSurroundings, type RunningModule, startModule } from "./module-runtime.js";
import { loadDrivers, openBackend } from "./open-backend.js";
import { named, ownInstance } from "./own-instance.js";
import { hostedProcess, ProcessService } from "./process-service.js";
import { ProcessReadiness } from "./readiness.js";
import type { Settings } from "./settings.js";
import { createStacks, partsOf, type StackParts } from "./stacks.js";
import { subscribersOf } from "./subscribers.js";
import type { SupervisorAdmin } from "./supervisor-admin.js";

export interface ProcessOptions {
  readonly topology: Topology;
  /** Which process of the topology this is. */
  readonly process: ProcessSpec;
  /** Every module of the topology; only those placed here are started. */
  readonly modules: ReadonlyMap<string, Module>;
  readonly settings: Settings;
  readonly registry: Registry;
  readonly parts: Omit<StackParts, "deadlines" | "metrics" | "meters" | "tracer">;
  /** What it records about itself and shows at an admin listener of its own; by default nothing. */
  readonly telemetry?: Telemetry;
  readonly loadTransport: (name: string) => Promise<CreateTransport>;
  /** Called only where the process has a gateway. */
  readonly loadGateway: () => Promise<CreateGateway>;
  /**
   * Its name among all instances, where a registry tells others of it; addresses that are names are this one too. By
   * default it is made up. Where no registry is shared, addresses then are the process's name, which only one can serve.
   */
  readonly instance?: string;
  /** A listening socket for the gateway that somebody else keeps; by default it opens its own. */
  readonly gatewaySocket?: object | undefined;
  /** Waited for when everything is loaded and nothing is owned or listened on yet: another process still does this one's work. */
  readonly turn?: () => Promise<void>;
  /** Stands before the transport of every edge. For tests. */
  readonly wrapEdge?: (edge: Handler) => Handler;
  /** Stands in for the databases of the topology. For tests. */
  readonly openBackend?: (module: string) => Promise<Backend>;
}

/** One process of a system: its modules, the routes of everything they call, and how others reach it. */
export class ProcessRuntime {
  readonly #options: ProcessOptions;
  readonly #parts: StackParts;
  readonly #stacks;
  readonly #host: ServiceHost;
  readonly #connections: Connections;
  readonly #modules = new Map<string, RunningModule>();
  readonly #absent: AbsentModules;
  /** Events go by the routes as well; they have no client, so their deadline stands here. */
  readonly #deliver: Handler;
  #stopListeningToEvents = () => {};
  #registration: Registration | undefined;
  #gateway: Gateway | undefined;
  #admin: SupervisorAdmin | undefined;
  readonly #readiness: ProcessReadiness;

  private constructor(options: ProcessOptions) {
    this.#options = options = named(options);
    this.#parts = partsOf(options);
    this.#stacks = createStacks(this.#parts);
    this.#host = new ServiceHost(options.process.modules, options.parts.failpoints);
    this.#connections = new Connections(options, this.#stacks, this.#host);
    this.#absent = new AbsentModules({ start: (name) => this.startModule(name), ...options.parts });
    this.#readiness = new ProcessReadiness({
      ...options,
      ...options.parts,
      running: this.#modules,
      absent: this.#absent,
      connections: this.#connections,
      context: (deadlineMs) => this.context(deadlineMs),
    });
    const stack = [clientDeadline(this.#parts.deadlines)];
    this.#deliver = wrap(stack, (call) => this.#connections.route(call.service).current.call(call));
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
    return this.#connections.client(contract, caller);
  }

  /** A context for calls that begin here. `deadlineMs` is a length in milliseconds. */
  context(deadlineMs: number, fields: Omit<ContextFields, "clock" | "deadline"> = {}): Context {
    return rootContext(this.#parts.clock, deadlineMs, fields);
  }

  /** What this process, and every process it can ask, waits for. */
  readiness(): Promise<Readiness> {
    return this.#readiness.all();
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
    this.#connections.pointRoute(name);
  }

  /**
   * Drains and stops everything, from the outside in: nothing new comes in, what is under way is answered. For
   * `graceMs` milliseconds clients that keep their connections are told to come anew, to whoever has taken over.
   */
  async stop(graceMs = 0): Promise<void> {
    await Promise.all([this.#absent.stop(), this.#registration?.close()]);
    await this.#gateway?.close(graceMs);
    this.#connections.stopWaiting();
    await this.#connections.closeListeners();
    this.#stopListeningToEvents();
    await Promise.all([...this.#modules.keys()].map((name) => this.stopModule(name)));
    await this.#connections.close();
    await this.#options.registry.close();
    await this.#admin?.close();
  }

  async #start(): Promise<void> {
    const { process, registry } = this.#options;
    await this.#connections.open();
    if (this.#options.turn !== undefined) {
      await loadDrivers(this.#options);
      await this.#options.turn();
    }
    this.#stopListeningToEvents = await this.#listenToEvents();
    await Promise.all(process.modules.map((name) => this.#absent.start(name)));
    this.#serveOwnProcess();
    Object.assign(this.addresses, await this.#connections.listen());
    this.#registration = await registry.register(ownInstance(this.#options, this.addresses));
    if (process.gateway !== undefined)
      this.#gateway = await openEntry(process.gateway, this.#options, this.#parts, this);
    await this.#openAdmin();
  }

  #surroundings(module: Module): ModuleSurroundings {
    return {
      parts: this.#parts,
      stacks: this.#stacks,
      host: this.#host,
      openBackend: this.#options.openBackend ?? ((name) => openBackend(name, this.#options)),
      onOwnershipLost: (name) => this.#onOwnershipLost(name),
      client: (contract, caller) => this.client(contract, caller),
      deliver: this.#deliver,
      publish: (event, payload) => this.#connections.publish(event, payload),
      subscribers: subscribersOf(module, this.#placedModules()),
    };
  }

  /** Its data belongs to another process now: here it can do nothing any more. */
  #onOwnershipLost(name: string): void {
    this.#parts.logger.error(`Another process has taken over the data of ${name}; the module stops here.`);
    this.stopModule(name).catch((error: unknown) => {
      this.#parts.logger.error(`${name} could not be stopped.`, { error });
    });
  }

  #placedModules(): Module[] {
    const { modules, topology } = this.#options;
    return [...modules.values()].filter(({ name }) => processOf(topology, name) !== undefined);
  }

  #listenToEvents(): Promise<() => void> {
    const { process, modules, registry, parts } = this.#options;
    return listenToBestEffortEvents({
      modules: process.modules.map((name) => modules.get(name)!),
      registry,
      connectionsOf: (service) => this.#connections.connectionsOf(service),
      handle: this.#host.remote,
      ...parts,
    });
  }

  #serveOwnProcess(): void {
    const running = (name: string) => this.#modules.get(name);
    const service = new ProcessService(running, () => this.#readiness.own(), this.#parts.logger);
    this.#host.serve(hostedProcess(this.#options.process.name, service, this.#stacks));
  }

  /** The operator's way in, on loopback: what this process shows, and at the gateway's every service wherever it runs. */
  async #openAdmin(): Promise<void> {
    const { telemetry } = this.#options;
    if (telemetry === undefined) return;
    const { openProcessAdmin } = await import("./process-admin.js");
    this.#admin = await openProcessAdmin({
      ...this.#options,
      telemetry,
      readiness: this.#readiness,
      runtime: this,
      running: this.#modules,
      connections: this.#connections,
    });
  }
}
