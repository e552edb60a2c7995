import type { Cancellation } from "./cancellation.js";
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

/** What matters more when not everything can be done. */
export type Priority = "mutation" | "read";

/** Decides how much of what comes from outside a process takes in. */
export interface Admission {
  /**
   * Undefined: begin now. Else wait for it; it rejects with `resource_exhausted` and, in its details, `retryAfterMs` where
   * there is too much to do, and with the reason of `cancellation` where nobody waits for it any more.
   */
  enter(priority: Priority, cancellation?: Cancellation): Promise<void> | undefined;
  /** What was let in has ended. */
  leave(): void;
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
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly failpoints?: Failpoints;
  /** Missing: everything is taken in. */
  readonly admission?: Admission | undefined;
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
