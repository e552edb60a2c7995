import { Container, type ServiceIdentifier } from "inversify";
import { clientOf } from "../core/client.js";
import { Clock } from "../core/clock.js";
import type { Contract } from "../core/contract.js";
import { DefinitionError } from "../core/contract.js";
import { Ids } from "../core/ids.js";
import { Logger } from "../core/logger.js";
import type { Constructor, Module } from "../core/module.js";
import { Events, Sagas, Work } from "../core/work.js";
import { Database } from "../storage/database.js";

/** What a module's classes may ask for beside each other and their clients. */
export interface Provided {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly events: Events;
  /** Missing where the module has no data. */
  readonly data: { readonly database: Database; readonly work: Work; readonly sagas: Sagas } | undefined;
  readonly client: (contract: Contract) => object;
}

/** A module's own container: it holds what the module binds, what the framework provides, and clients of what it requires. */
export function createContainer(module: Module, provided: Provided): (target: Constructor) => unknown {
  const container = new Container();
  const constants = new Map<unknown, unknown>([
    [Clock, provided.clock],
    [Ids, provided.ids],
    [Logger, provided.logger],
    [Events, provided.events],
  ]);
  if (provided.data !== undefined) {
    constants.set(Database, provided.data.database).set(Work, provided.data.work).set(Sagas, provided.data.sagas);
  }
  for (const [token, value] of constants) container.bind(token as ServiceIdentifier).toConstantValue(value);
  for (const contract of module.requires) {
    container.bind(clientOf(contract)).toConstantValue(provided.client(contract));
  }
  for (const target of new Set([module.service, ...module.bind])) container.bind(target).toSelf().inSingletonScope();

  return (target) => {
    try {
      return container.get(target);
    } catch (error) {
      const asked = /pangaea\.client\.([a-z0-9-]+)/.exec(String(error))?.[1];
      const mend =
        asked === undefined
          ? `list its classes in bind${provided.data === undefined ? ", and give the module migrations if it wants a Database, Work or Sagas" : ""}`
          : `add ${asked} to requires`;
      throw new DefinitionError(
        `module ${module.name}: cannot make ${target.name}: ${mend}. (${(error as Error).message.split("\n", 1)[0]})`,
      );
    }
  };
}
