import type { Candidate } from "../core/balancer.js";
import type { Handler, Stack } from "../core/call.js";
import type { Clock } from "../core/clock.js";
import { isError } from "../core/error.js";
import type { Instance } from "../core/registry.js";
import type { Connection } from "../core/transport.js";
import { wrap } from "../core/wrap.js";

/** So many failures in a row, with no answer between them, are more than bad luck. */
const faultsToEject = 5;
/** How long it then gets nothing: at first, and at most; each time twice as long as the time before. */
const firstEjectionMs = 1_000;
const maxEjectionMs = 60_000;
/** One that has answered for so long begins anew. */
const forgivenMs = 60_000;
/** A newcomer gets this part of its share, which grows to the whole within `warmUpMs`. */
const firstWarmth = 0.1;
const warmUpMs = 10_000;

/** Whether a failed call says something about the instance that was asked, and not about the call. */
const isFaultOf = (error: unknown): boolean =>
  isError(error) &&
  error.outcome !== "failed" &&
  (error.code === "unavailable" || error.code === "unknown" || error.code === "deadline_exceeded");

export interface EndpointOptions {
  readonly clock: Clock;
  /** It is ejected now, or is back: whoever has it in a list looks again. */
  readonly onChange: () => void;
  /** Makes the layers of a service before this endpoint; asked once for each. */
  readonly layersOf: (service: string) => EndpointLayers;
}

/** What stands before one endpoint for the calls to one service. */
export interface EndpointLayers {
  readonly stack: Stack;
  /** The endpoint is gone. */
  close(): void;
}

/** An instance at one of its addresses. Once retired, its connection is closed as soon as nothing is under way. */
export class Endpoint implements Candidate {
  pending = 0;
  readonly #services = new Map<string, { readonly layers: EndpointLayers; readonly send: Handler }>();
  #instance: Instance;
  #faults = 0;
  #ejections = 0;
  /** Until then it gets nothing; 0 where it is not ejected. */
  #ejectedUntil = 0;
  #backAt = 0;
  #cancelReturn = () => {};
  #warmAt = 0;
  #retired = false;

  constructor(
    instance: Instance,
    readonly connection: Connection,
    private readonly options: EndpointOptions,
  ) {
    this.#instance = instance;
  }

  /** One attempt. */
  readonly send: Handler = (call) => (this.#services.get(call.service) ?? this.#serve(call.service)).send(call);

  get id(): string {
    return this.#instance.id;
  }
  get weight(): number {
    return this.#instance.weight;
  }
  get zone(): string | undefined {
    return this.#instance.zone;
  }

  get warmth(): number {
    if (this.#warmAt === 0) return 1;
    const leftMs = this.#warmAt - this.options.clock.now();
    if (leftMs <= 0) this.#warmAt = 0;
    return Math.min(1, Math.max(firstWarmth, 1 - leftMs / warmUpMs));
  }

  get isEjected(): boolean {
    return this.#ejectedUntil !== 0;
  }
  /** When it is to come back, a moment of the clock. */
  get ejectedUntil(): number {
    return this.#ejectedUntil;
  }

  /** The registry has said something new of the instance. */
  describe(instance: Instance): void {
    this.#instance = instance;
  }

  /** It has come after the others, which are at work already. */
  warmUp(): void {
    this.#warmAt = this.options.clock.now() + warmUpMs;
  }

  /** A call that was sent here has settled. */
  settled(): void {
    this.pending--;
    if (this.#retired) this.#closeIfDone();
  }

  retire(): void {
    this.#retired = true;
    this.#cancelReturn();
    for (const { layers } of this.#services.values()) layers.close();
    this.#closeIfDone();
  }

  /** Inside the layers: what those refuse says nothing new of the instance. */
  readonly #attempt: Handler = (call) =>
    this.connection.call(call).then(
      (reply) => {
        if (this.#faults !== 0) this.#faults = 0;
        return reply;
      },
      (error: unknown) => {
        if (!isFaultOf(error)) this.#faults = 0;
        else if (++this.#faults >= faultsToEject && !this.isEjected) this.#eject();
        throw error;
      },
    );

  #serve(service: string): { readonly layers: EndpointLayers; readonly send: Handler } {
    const layers = this.options.layersOf(service);
    const served = { layers, send: wrap(layers.stack, this.#attempt) };
    this.#services.set(service, served);
    return served;
  }

  #eject(): void {
    const { clock, onChange } = this.options;
    const now = clock.now();
    if (now - this.#backAt > forgivenMs) this.#ejections = 0;
    const ejectedMs = Math.min(firstEjectionMs * 2 ** this.#ejections++, maxEjectionMs);
    this.#ejectedUntil = now + ejectedMs;
    this.#cancelReturn = clock.after(ejectedMs, () => {
      this.#ejectedUntil = 0;
      this.#backAt = clock.now();
      // It is tried again, and the first failure is one too many.
      this.#faults = faultsToEject - 1;
      onChange();
    });
    onChange();
  }

  #closeIfDone(): void {
    if (this.pending === 0) void this.connection.close();
  }
}
