import type { Module } from "../core/module.js";
import type { Instance } from "../core/registry.js";
import { type ProcessSpec, routeOf, type Topology } from "../core/topology.js";
import type { Transport } from "../core/transport.js";
import type { NamedProcess } from "../discovery/dns-registry.js";
import { ConfigurationError, type Settings } from "./settings.js";

/** The transports over which others call the modules of a process. None where it is the only process. */
export function listenedTransports(topology: Topology, process: ProcessSpec): string[] {
  if (topology.processes.length === 1) return [];
  const needed = process.modules.map((module) => routeOf(topology, module));
  return [...new Set([...needed, ...Object.keys(process.listen)])];
}

/**
 * Where a process listens on a transport: as the topology says, else as `PANGAEA_ADDRESSES` says, else a network one at a
 * free port, of this machine only where nothing says how other machines call it, and another one at `name`.
 */
export function listenAddress(
  process: ProcessSpec,
  { name: transport, features }: Transport,
  settings: Settings,
  name: string,
): string {
  const given = process.listen[transport] || (transport === "http" ? settings.addresses.get(process.name) : undefined);
  if (given) return given;
  if (!features.dynamicAddress) return name;
  if (settings.advertise === undefined) return "http://127.0.0.1:0";
  const { host, port = "0" } = settings.advertise;
  return `http://${host.startsWith("[") ? "[::]" : "0.0.0.0"}:${port}`;
}

/** What an instance of a process serves, in which versions. */
export function servicesOf(
  process: ProcessSpec,
  modules: ReadonlyMap<string, Module>,
): Pick<Instance, "services" | "accepts"> {
  const contracts = process.modules.map((name) => modules.get(name)!.contract);
  const older = contracts.filter(({ accepts, version }) => accepts < version);
  return {
    services: {
      ...Object.fromEntries(contracts.map(({ name, version }) => [name, version])),
      [`process-${process.name}`]: 1,
    },
    ...(older.length > 0 && { accepts: Object.fromEntries(older.map(({ name, accepts }) => [name, accepts])) }),
  };
}

/** The other processes, to be found by their names in `domain`. A named transport finds a process by its own name. */
export const namedProcesses = (
  topology: Topology,
  own: ProcessSpec,
  modules: ReadonlyMap<string, Module>,
  domain: string,
): NamedProcess[] =>
  topology.processes
    .filter((process) => process !== own && process.modules.length > 0)
    .map((process) => {
      const listened = listenedTransports(topology, process);
      const named = listened.filter((transport) => transport !== "http");
      return {
        process: process.name,
        ...servicesOf(process, modules),
        addresses: Object.fromEntries(
          named.map((transport) => [transport, process.listen[transport] || process.name] as const),
        ),
        host: listened.includes("http") ? `${process.name}.${domain}` : undefined,
      };
    });

/** The services that a process asks by itself: of a gateway, every one. */
function askedBy(own: ProcessSpec, modules: ReadonlyMap<string, Module>): Set<string> {
  if (own.gateway !== undefined) return new Set(modules.keys());
  const required = own.modules.flatMap((name) => modules.get(name)!.requires.map((contract) => contract.name));
  // A confirmed event is a call to its subscriber; an unconfirmed one is listened to at its producer.
  const byEvents = [...modules.values()].flatMap((subscriber) =>
    subscriber.on.flatMap(({ event }) => {
      const [asking, asked] =
        event.delivery === "at-least-once" ? [event.service, subscriber.name] : [subscriber.name, event.service];
      return own.modules.includes(asking) ? [asked] : [];
    }),
  );
  return new Set([...required, ...byEvents]);
}

/**
 * The instances of the other processes that a process asks, where no supervisor can tell. Throws a `ConfigurationError`
 * where the address of one cannot be known.
 */
export function staticInstances(
  topology: Topology,
  own: ProcessSpec,
  settings: Settings,
  modules: ReadonlyMap<string, Module>,
): Instance[] {
  const asked = askedBy(own, modules);
  return topology.processes
    .filter((process) => process !== own && process.modules.some((module) => asked.has(module)))
    .map((process) => {
      const addresses = listenedTransports(topology, process).map((transport) => {
        // A named transport finds a process by its name; a network one needs to be told.
        const address =
          transport === "http"
            ? (settings.addresses.get(process.name) ?? process.listen[transport])
            : process.listen[transport] || process.name;
        if (address === undefined || address === "" || address.endsWith(":0")) {
          throw new ConfigurationError(
            `${topology.file}: nobody says where process ${process.name} listens: set ` +
              `processes.${process.name}.listen: { ${transport}: "http://HOST:PORT" } or ` +
              `PANGAEA_ADDRESSES="${process.name}=http://HOST:PORT,…" for every process.`,
          );
        }
        return [transport, address] as const;
      });
      return {
        id: process.name,
        process: process.name,
        ...servicesOf(process, modules),
        addresses: Object.fromEntries(addresses),
        weight: 1,
      };
    });
}
