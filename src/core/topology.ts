import type { Resilience } from "./resilience.js";

/** One process of a topology. */
export interface ProcessSpec {
  readonly name: string;
  readonly modules: readonly string[];
  /** Present where this process is an entry from outside. */
  readonly gateway: { readonly host: string | undefined; readonly port: number | undefined } | undefined;
  /** Transport name → address to listen at; the empty text leaves the choice to the process. */
  readonly listen: Readonly<Record<string, string>>;
  /** How many of it run side by side; by default one. */
  readonly replicas?: number | undefined;
  /** Its share of the calls beside others that serve the same; by default 1. */
  readonly weight?: number | undefined;
  /** Where it stands, for those who prefer a neighbour. */
  readonly zone?: string | undefined;
}

/** When an instance counts as what it is. All in milliseconds. */
export interface LeaseSpec {
  /** How often it says that it is there. */
  readonly heartbeatMs: number;
  /** Silent, or its event loop blocked, for so long it is suspect. */
  readonly suspectMs: number;
  /** Silent for so long it is gone. */
  readonly leaseMs: number;
}

/** Who knows where the processes of a topology are. */
export type RegistrySpec =
  | { readonly kind: "static" }
  | ({ readonly kind: "supervisor" } & Omit<LeaseSpec, "leaseMs">)
  | ({ readonly kind: "redis"; readonly url?: string | undefined } & LeaseSpec)
  | ({ readonly kind: "etcd"; readonly endpoints?: readonly string[] | undefined; readonly prefix: string } & LeaseSpec)
  | {
      readonly kind: "dns";
      /** A process is found as `<process>.<domain>`. */
      readonly domain: string;
      /** Where every process listens; without it SRV records of `_http._tcp.<process>.<domain>` say. */
      readonly port?: number | undefined;
      /** The name server as `host:port`; by default those of the system. */
      readonly server?: string | undefined;
      readonly pollMs: number;
    };

/** What runs where, and which transport a call to a service takes from another process. Checked when it is loaded. */
export interface Topology {
  /** The file it was read from, for messages. */
  readonly file: string;
  readonly name: string;
  readonly processes: readonly ProcessSpec[];
  /** Modules that are there and not part of this system. */
  readonly without: readonly string[];
  /** Service name → transport name, for calls from other processes. */
  readonly routes: ReadonlyMap<string, string>;
  readonly defaultRoute: string;
  /**
   * Where the data of modules is, by module name: `sqlite`, `postgres` (the server that the environment names) or a
   * `postgres://` address.
   */
  readonly databases: ReadonlyMap<string, string>;
  readonly defaultDatabase: string;
  /** Service name, or `default` → how its calls are spread over its instances. */
  readonly balance?: ReadonlyMap<string, string> | undefined;
  readonly registry: RegistrySpec;
  /** Transport name → its settings. */
  readonly transports: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Missing: `usualResilience`. */
  readonly resilience?: Resilience | undefined;
}

/** The process that hosts a module; undefined where none does. */
export const processOf = (topology: Topology, module: string): ProcessSpec | undefined =>
  topology.processes.find((process) => process.modules.includes(module));

/** The transport that calls to `service` take from another process. */
export const routeOf = (topology: Topology, service: string): string =>
  topology.routes.get(service) ?? topology.defaultRoute;

/** Where a module's data is. */
export const databaseOf = (topology: Topology, module: string): string =>
  topology.databases.get(module) ?? topology.defaultDatabase;
