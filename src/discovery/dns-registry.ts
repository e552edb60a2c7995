import { Resolver } from "node:dns/promises";
import { isIPv6 } from "node:net";
import { type Clock, sleep } from "../core/clock.js";
import type { Logger } from "../core/logger.js";
import type { Instance, Registry } from "../core/registry.js";

/** What is asked of the domain name system; `node:dns` has it. */
export interface NameResolver {
  resolve4(name: string): Promise<string[]>;
  resolve6(name: string): Promise<string[]>;
  resolveSrv(name: string): Promise<{ name: string; port: number; priority: number; weight: number }[]>;
}

/** A process that is found by name; where it stands is what DNS says. */
export interface NamedProcess extends Pick<Instance, "process" | "services" | "accepts"> {
  /** Addresses that are known without asking. */
  readonly addresses: Instance["addresses"];
  /** The name of its addresses; undefined where nothing has to be asked. */
  readonly host: string | undefined;
}

export interface DnsRegistryOptions {
  readonly processes: readonly NamedProcess[];
  /** Where every process listens; without it `_http._tcp.<host>` is asked for SRV records. */
  readonly port: number | undefined;
  readonly pollMs: number;
  readonly resolver: NameResolver;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Place {
  readonly host: string;
  readonly port: number;
  readonly weight: number;
}

const resolveTimeoutMs = 2_000;

/** The resolver of `node:dns`, asking `server` or the system's. */
export function nodeResolver(server: string | undefined): NameResolver {
  const resolver = new Resolver({ timeout: resolveTimeoutMs, tries: 2 });
  if (server !== undefined) resolver.setServers([server]);
  return resolver;
}

/**
 * Instances by the names of a domain, asked again and again, as headless services of Kubernetes or SRV records give them.
 * Nothing is registered. A name that leads nowhere, or cannot be asked, is left where it last led: who is gone shows
 * itself at the first call.
 */
export function dnsRegistry(options: DnsRegistryOptions): Registry {
  const { clock, logger, processes, pollMs } = options;
  const places = new Map<string, readonly Place[]>();
  const troubles = new Map<string, string>();
  const watchers = new Set<(instances: readonly Instance[]) => void>();
  const stop = new AbortController();
  let known: readonly Instance[] = processes.flatMap((process) => instancesOf(process, places));
  let isAsked = false;
  let polling: Promise<void> | undefined;

  const ask = async ({ process, host }: NamedProcess): Promise<void> => {
    if (host === undefined) return;
    try {
      const found = await placesOf(host, options);
      if (found.length === 0) throw new Error(`${host} leads nowhere`);
      if (troubles.delete(process)) logger.info(`${process} is found again.`, { host });
      places.set(process, found);
    } catch (error) {
      const why = (error as Error).message;
      if (troubles.get(process) !== why) {
        logger.warn(`${process} is not found by its name; its last known addresses are used.`, { why });
      }
      troubles.set(process, why);
    }
  };
  const poll = async () => {
    do {
      await Promise.all(processes.map(ask));
      isAsked = true;
      if (stop.signal.aborted) return;
      const before = JSON.stringify(known);
      known = processes.flatMap((process) => instancesOf(process, places));
      if (JSON.stringify(known) !== before) for (const watcher of watchers) watcher(known);
    } while (await sleep(clock, pollMs, stop.signal));
  };

  return {
    get missing() {
      if (places.size > 0 || processes.every(({ host }) => host === undefined)) return undefined;
      const [why = "nobody has answered yet"] = troubles.values();
      return isAsked ? `no process is found by its name: ${why}` : why;
    },
    register: () => Promise.resolve({ update: () => Promise.resolve(), close: () => Promise.resolve() }),
    watch(onChange) {
      watchers.add(onChange);
      onChange(known);
      polling ??= poll();
      return () => watchers.delete(onChange);
    },
    async close() {
      watchers.clear();
      stop.abort();
      await polling;
    },
  };
}

const instancesOf = (named: NamedProcess, places: ReadonlyMap<string, readonly Place[]>): Instance[] => {
  const { host: name, addresses, ...said } = named;
  if (name === undefined) return [{ id: said.process, ...said, addresses, weight: 1 }];
  return (places.get(said.process) ?? []).map(({ host, port, weight }) => {
    const place = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
    return { id: `${said.process}@${place}`, ...said, addresses: { ...addresses, http: `http://${place}` }, weight };
  });
};

async function placesOf(host: string, { port, resolver }: DnsRegistryOptions): Promise<Place[]> {
  if (port !== undefined)
    return (await addressesOf(host, resolver)).map((address) => ({ host: address, port, weight: 1 }));
  const records = await orNone(resolver.resolveSrv(`_http._tcp.${host}`));
  // Those of a higher number are for when these are gone.
  const first = Math.min(...records.map(({ priority }) => priority));
  const found = await Promise.all(
    records
      .filter(({ priority }) => priority === first)
      .map(async ({ name, port: at, weight }) =>
        (await addressesOf(name, resolver)).map((address) => ({
          host: address,
          port: at,
          weight: Math.max(weight, 1),
        })),
      ),
  );
  return inOrder(found.flat());
}

async function addressesOf(host: string, resolver: NameResolver): Promise<string[]> {
  const families = await Promise.all([orNone(resolver.resolve4(host)), orNone(resolver.resolve6(host))]);
  return [...new Set(families.flat())].toSorted();
}

/** Servers answer in an order that changes, and that means nothing. */
const inOrder = (places: readonly Place[]): Place[] =>
  [...new Map(places.map((place) => [`${place.host} ${place.port}`, place])).entries()]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, place]) => place);

/** That there is no such record is an answer. */
async function orNone<T>(asked: Promise<T[]>): Promise<T[]> {
  try {
    return await asked;
  } catch (error) {
    if (["ENOTFOUND", "ENODATA"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}
