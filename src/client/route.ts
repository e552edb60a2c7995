import type { Handler } from "../core/call.js";
import { errorOf } from "../core/error.js";

/** Where a service's calls go at this moment, and how. */
export interface Edge {
  /** The name of the transport, for people. */
  readonly transport: string;
  /** Whether the call leaves the process. */
  readonly remote: boolean;
  readonly call: Handler;
}

/** The one cell that is swapped when a service moves: clients look here at every call. */
export class Route {
  #current: Edge;

  constructor(readonly service: string) {
    this.#current = nowhere(service);
  }

  get current(): Edge {
    return this.#current;
  }

  /** From now on calls go over `edge`; those under way stay where they are. */
  swap(edge: Edge): void {
    this.#current = edge;
  }
}

/** The edge of a service that nobody is known to serve: known at once, not by waiting. */
const nowhere = (service: string): Edge => ({
  transport: "none",
  remote: false,
  call: () =>
    Promise.reject(errorOf("unavailable", `No process is known to serve ${service}.`, { outcome: "not-sent" })),
});
