import { Cancellation } from "../core/cancellation.js";
import type { Call, Handler } from "../core/call.js";
import { rootContext } from "../core/context.js";
import type { Contract, EventDefinition } from "../core/contract.js";
import type { Module } from "../core/module.js";
import { validatorOf } from "../core/validation.js";
import type { Subscriber } from "../events/relay.js";
import type { ServiceHost } from "../server/service-host.js";
import type { Backend } from "../storage/backend.js";
import { createContainer } from "./container.js";
import type { ModuleData, ModuleDataOptions, ModuleOperations } from "./module-data.js";
import type { StackParts, Stacks } from "./stacks.js";

/** What a module needs of the process that runs it. */
export interface ModuleSurroundings {
  readonly parts: StackParts;
  readonly stacks: Stacks;
  readonly host: ServiceHost;
  readonly openBackend: (module: string) => Promise<Backend>;
  /** Another process owns the module's data now. */
  readonly onOwnershipLost: (module: string) => void;
  readonly client: (contract: Contract, caller: string) => object;
  /** Brings an event to a subscribing module, wherever it is. */
  readonly deliver: (call: Call) => ReturnType<Handler>;
  /** Sends a best-effort event to whoever listens. */
  readonly publish: (event: EventDefinition, payload: unknown) => void;
  /** Who wants this module's at-least-once events, by the subscribing module's name. */
  readonly subscribers: ReadonlyMap<string, Subscriber>;
}

const prepareDeadlineMs = 30_000;

/** A module that runs here: started, serving, drained or stopped on its own, while its neighbours go on. */
export interface RunningModule {
  readonly name: string;
  /** Work that goes on without a caller: sagas under way. */
  readonly pending: number;
  /** Missing where the module has no data. */
  readonly operations: ModuleOperations | undefined;
  /** Rejects where the module's database does not answer. */
  ping(): Promise<void>;
  /** Answers what is under way, stops relays and sagas where they stand, releases the database. */
  stop(): Promise<void>;
}

/** Opens a module's data, makes its objects and serves it. Leaves nothing open where it fails. */
export async function startModule(module: Module, around: ModuleSurroundings): Promise<RunningModule> {
  const { host, stacks } = around;
  const logger = around.parts.logger.child({ module: module.name });
  const parts = { ...around.parts, logger };
  const client = (contract: Contract) => around.client(contract, module.name);
  let resolve: (target: any) => unknown;
  const data = await openData(module, { ...around, parts }, client, (target) => resolve(target));
  try {
    resolve = createContainer(module, {
      clock: parts.clock,
      ids: parts.ids,
      logger,
      events: { publish: (event, payload) => around.publish(event, validatorOf(event.payload)(payload)) },
      data: data && { database: data.store, work: data.store, sagas: data.background.sagas },
      client,
    });
    const service = resolve(module.service) as object;
    if (module.prepare !== undefined) {
      const context = rootContext(parts.clock, prepareDeadlineMs, { cancellation: new Cancellation() });
      await module.prepare.run(resolve(module.prepare.target), context);
    }
    host.serve({
      contract: module.contract,
      service,
      subscriptions: module.on,
      resolve: (subscription) => resolve(subscription.target),
      stackOf: (method, remote) => stacks.server(module.contract, method, remote, data?.store),
      eventStackOf: (subscription, remote) => stacks.event(module.contract, subscription, remote, data?.inbox),
      within: parts.within,
    });
    await data?.background.start();
  } catch (error) {
    await host.drain(module.name);
    data?.hide();
    await data?.background.stop();
    await data?.store.close();
    throw error;
  }
  return {
    name: module.name,
    operations: data?.operations,
    get pending() {
      return data?.background.pending ?? 0;
    },
    ping: () => data?.store.ping() ?? Promise.resolve(),
    async stop() {
      await host.drain(module.name);
      data?.hide();
      await data?.background.stop();
      await data?.store.close();
    },
  };
}

async function openData(
  module: Module,
  around: ModuleSurroundings,
  client: ModuleDataOptions["client"],
  resolve: ModuleDataOptions["resolve"],
): Promise<ModuleData | undefined> {
  const { migrations } = module;
  if (migrations === undefined) return undefined;
  const { openModuleData } = await import("./module-data.js");
  return openModuleData({ module, migrations, around, client, resolve });
}
