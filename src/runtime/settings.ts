/** What a process takes from its environment. The same names mean the same in every layout. */
export interface Settings {
  /** Gateway. */
  readonly host: string;
  readonly port: number;
  /** The admin listener: loopback only, never the edge. */
  readonly adminPort: number;
  readonly dataDir: string;
  readonly redisUrl: string;
  /** The PostgreSQL server of topologies that say `postgres`; may have a password. */
  readonly databaseUrl: string | undefined;
  readonly logLevel: string;
  readonly logFormat: "text" | "json" | "ecs";
  /** Of the traces that begin at this process, this share is recorded: 0 to 1. */
  readonly traceShare: number | undefined;
  /** Keeps systems that share a broker apart; by default the topology's name. */
  readonly namespace: string | undefined;
  /** Process name → address, where nobody can be asked: `users=http://10.0.0.5:4001,orders=…`. */
  readonly addresses: ReadonlyMap<string, string>;
  /** The host, and the port if it is another one, under which others reach this process, where it does not listen there. */
  readonly advertise: { readonly host: string; readonly port: string | undefined } | undefined;
  /** The etcd of topologies that name none. */
  readonly etcdEndpoints: readonly string[];
}

const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

/** Whether a text is the address of a database on a PostgreSQL server. */
export const isPostgresUrl = (text: string): boolean =>
  URL.canParse(text) && /^postgres(?:ql)?:$/.test(new URL(text).protocol) && /^\/[^/]+$/.test(new URL(text).pathname);

/** Whether a text is the address of an HTTP server. */
export const isHttpUrl = (text: string): boolean =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && !text.endsWith("/");

/** Thrown for wrong settings or topologies: the message names the place and the mend, and needs no stack. */
export class ConfigurationError extends Error {
  override name = "ConfigurationError";
}

const refuse = (name: string, value: string, mend: string): never => {
  throw new ConfigurationError(`${name}="${value}": ${mend}`);
};

/** Reads the settings; throws a `ConfigurationError` that names the variable and the mend. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const port = (name: string, fallback: number): number => {
    const text = env[name];
    if (text === undefined || text === "") return fallback;
    return /^\d{1,5}$/.test(text) && Number(text) < 65_536
      ? Number(text)
      : refuse(name, text, "give a port from 0 to 65535");
  };
  const redisUrl = env.REDIS_URL || "redis://127.0.0.1:6379";
  // For a cluster more servers may follow, with commas between.
  const [firstServer = ""] = redisUrl.split(/,(?!.*@)/);
  if (!URL.canParse(firstServer) || !/^rediss?:$/.test(new URL(firstServer).protocol)) {
    throw new ConfigurationError("REDIS_URL: give an address like redis://127.0.0.1:6379");
  }
  const databaseUrl = env.DATABASE_URL || undefined;
  if (databaseUrl !== undefined && !isPostgresUrl(databaseUrl)) {
    throw new ConfigurationError("DATABASE_URL: give an address like postgres://user@host:5432/database");
  }
  const logLevel = env.LOG_LEVEL || "info";
  if (!logLevels.includes(logLevel)) refuse("LOG_LEVEL", logLevel, `give one of ${logLevels.join(", ")}`);
  const logFormat = env.LOG_FORMAT || "text";
  if (logFormat !== "text" && logFormat !== "json" && logFormat !== "ecs")
    return refuse("LOG_FORMAT", logFormat, "give text, json or ecs");
  const share = env.PANGAEA_TRACE_SHARE || undefined;
  if (share !== undefined && !/^(?:0|1|0?\.\d{1,6})$/.test(share))
    refuse("PANGAEA_TRACE_SHARE", share, "give a share from 0 to 1, such as 0.1");
  const addresses = new Map<string, string>();
  for (const pair of (env.PANGAEA_ADDRESSES ?? "").split(",").filter((text) => text !== "")) {
    const [, name, address] = /^([a-z0-9-]+)=(\S+)$/.exec(pair.trim()) ?? [];
    if (name === undefined || address === undefined) {
      refuse("PANGAEA_ADDRESSES", pair, "write process=address pairs, with commas between: NAME=http://10.0.0.5:4001");
    } else addresses.set(name, address);
  }
  const advertised = env.PANGAEA_ADVERTISE ?? "";
  const place = /^(?<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(?<port>\d{1,5}))?$/.exec(advertised)?.groups;
  if (advertised !== "" && (place === undefined || Number(place.port ?? 1) < 1 || Number(place.port ?? 1) > 65_535)) {
    refuse("PANGAEA_ADVERTISE", advertised, "give a host or host:port, like 10.0.0.5 or shop-2.internal:4001");
  }
  const etcdEndpoints = (env.ETCD_ENDPOINTS || "http://127.0.0.1:2379").split(",").map((text) => text.trim());
  for (const endpoint of etcdEndpoints) {
    if (!isHttpUrl(endpoint)) refuse("ETCD_ENDPOINTS", endpoint, "give addresses like http://127.0.0.1:2379");
  }
  const portOfGateway = port("PORT", 3000);
  const adminPort = port("ADMIN_PORT", portOfGateway === 0 ? 0 : portOfGateway + 1);
  if (adminPort > 65_535) refuse("PORT", "65535", "there is no port after it for the admin listener; set ADMIN_PORT");
  return {
    host: env.HOST || "127.0.0.1",
    port: portOfGateway,
    adminPort,
    dataDir: env.DATA_DIR || "./data",
    redisUrl,
    databaseUrl,
    logLevel,
    logFormat,
    traceShare: share === undefined ? undefined : Number(share),
    namespace: env.PANGAEA_NAMESPACE || undefined,
    addresses,
    advertise: place && { host: place.host!, port: place.port },
    etcdEndpoints,
  };
}
