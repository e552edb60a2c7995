import type { Clock } from "./clock.js";
import type { Contract } from "./contract.js";
import type { Failpoints } from "./failpoints.js";
import type { Ids } from "./ids.js";
import type { Logger } from "./logger.js";
import type { Meters } from "./meter.js";
import type { Tracer, Within } from "./span.js";

/** What keeps a process from being ready: who, and why. Empty where it is ready. */
export interface Readiness {
  readonly waitingFor: readonly { readonly name: string; readonly reason: string }[];
}

/** What an entry from outside is given by the process it stands in. */
export interface GatewayOptions {
  readonly host: string;
  readonly port: number;
  /** A listening socket of that host and port which somebody else has opened and keeps; by default the gateway opens its own. */
  readonly socket?: object | undefined;
  /** Every contract of the topology; those with `http` annotations become routes. */
  readonly contracts: readonly Contract[];
  /** A client of a contract, on the gateway's behalf. */
  readonly client: (contract: Contract) => object;
  readonly readiness: () => Promise<Readiness>;
  /** Told of every answer: whether it says that something is broken, and how long it took in milliseconds. */
  readonly answered?: (failed: boolean, elapsedMs: number) => void;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly failpoints?: Failpoints;
  /** By default requests are not counted. */
  readonly meters?: Meters;
  /** By default they are not recorded. */
  readonly tracer?: Tracer;
  readonly within?: Within;
}

export interface Gateway {
  /** `http://host:port` as it came out. */
  readonly address: string;
  /**
   * Takes no new connections and waits for the requests under way. For up to `graceMs` milliseconds (by default none) it
   * goes on answering clients that keep their connection, and tells each that this was the last answer on it.
   */
  close(graceMs?: number): Promise<void>;
}

export type CreateGateway = (options: GatewayOptions) => Promise<Gateway>;
