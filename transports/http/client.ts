import type { Socket } from "node:net";
import type { Pool } from "undici";
import { callText, type Connection, errorOf, type Handler, type TransportOptions } from "../../src/core/index.js";
import { type Address, connectTimeoutMs, formatAddress, parseAddress } from "./address.js";
import { BatchCalls } from "./batch-calls.js";
import { subscribeHttp } from "./event-subscription.js";
import { frameAllowance } from "./form.js";
import { FrameCalls } from "./frame-calls.js";
import { CallQueue, notSent, OutgoingCall } from "./outgoing-calls.js";
import { requestUpgrade } from "./upgrade.js";

/** Far below the server's: the side that sends decides when an idle connection ends. */
const keepAliveTimeoutMs = 30_000;
/** Text that may wait to be sent before more is refused. */
const maxWaitingLength = 32 * 1024 * 1024;
/** After a refused Upgrade it is tried again, at first soon. */
const firstRetryMs = 1_000;
const maxRetryMs = 60_000;

export interface HttpClientOptions extends TransportOptions {
  readonly maxMessageBytes: number;
  /** How many batches may be under way at once, where the Upgrade is refused. */
  readonly connections: number;
  /** Whether to ask for frames. */
  readonly upgrade: boolean;
}

/** A connection, and what it holds. */
export interface HttpClient extends Connection {
  /** Calls that are not settled. */
  readonly pending: number;
}

/**
 * The calls to one address. They wait in one queue and leave it at the end of the tick: in frames where the server went
 * over to them, else in batches. A connection is made when there is something to send and none stands; nothing is tried
 * without need, so that an address where nobody is costs nothing and is known at once.
 */
class CallSender {
  readonly #address: Address;
  readonly #origin: string;
  readonly #options: HttpClientOptions;
  readonly #queue = new CallQueue();
  #frames: FrameCalls | undefined;
  /** Former connections that still wait for replies. */
  readonly #leaving = new Set<FrameCalls>();
  #batches: BatchCalls | undefined;
  #openingBatches = false;
  #pool: Pool | undefined;
  #stopUpgrade: (() => void) | undefined;
  #refused: boolean;
  #retryAt = 0;
  #retryMs = firstRetryMs;
  #maxMessageBytes: number;
  #scheduled = false;
  #closed = false;
  #lastId = 0;
  readonly #flush = () => {
    this.#scheduled = false;
    this.#send();
  };

  constructor(address: Address, options: HttpClientOptions) {
    this.#address = address;
    this.#origin = formatAddress(address);
    this.#options = options;
    this.#refused = !options.upgrade;
    this.#maxMessageBytes = options.maxMessageBytes;
  }

  get pending(): number {
    let sum = this.#queue.size + (this.#frames?.pending ?? 0) + (this.#batches?.pending ?? 0);
    for (const frames of this.#leaving) sum += frames.pending;
    return sum;
  }

  readonly call: Handler = (call) =>
    new Promise((resolve, reject) => {
      const { cancellation } = call.context;
      if (cancellation.reason !== undefined) throw cancellation.reason;
      if (this.#closed) throw notSent(this.#origin);
      if (call.context.remainingMs() <= 0) {
        throw errorOf("deadline_exceeded", "The deadline passed before the call was sent.", { outcome: "not-sent" });
      }
      const body = callText(call, this.#maxMessageBytes);
      if (this.#queue.length > 0 && this.#queue.length + body.length > maxWaitingLength) {
        throw errorOf("resource_exhausted", `Too much waits to be sent to ${this.#origin} already.`, {
          outcome: "not-sent",
        });
      }
      this.#queue.push(new OutgoingCall(++this.#lastId, call, body, resolve, reject));
      if (this.#scheduled) return;
      this.#scheduled = true;
      process.nextTick(this.#flush);
    });

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopUpgrade?.();
    this.#queue.fail(notSent(this.#origin));
    this.#frames?.cut();
    for (const frames of this.#leaving) frames.cut();
    this.#batches?.cut();
    await this.#pool?.destroy();
  }

  #send(): void {
    if (this.#closed) return;
    if (this.#frames !== undefined) {
      this.#frames.send(this.#queue);
      return;
    }
    if (this.#refused) {
      if (this.#batches !== undefined) this.#batches.send(this.#queue);
      else if (!this.#openingBatches) void this.#openBatches();
    }
    if (!this.#refused || (this.#options.upgrade && this.#options.clock.now() >= this.#retryAt)) this.#tryUpgrade();
  }

  #tryUpgrade(): void {
    if (this.#stopUpgrade !== undefined) return;
    const { clock, maxMessageBytes } = this.#options;
    this.#stopUpgrade = requestUpgrade(this.#address, clock, maxMessageBytes, {
      onOpen: (socket, first, limit) => {
        this.#stopUpgrade = undefined;
        this.#refused = false;
        this.#retryMs = firstRetryMs;
        this.#maxMessageBytes = limit;
        this.#frames = this.#framesOver(socket, first);
        this.#send();
      },
      onAbsent: (error) => {
        this.#stopUpgrade = undefined;
        if (!this.#refused) this.#queue.fail(error);
      },
      onRefused: () => {
        this.#stopUpgrade = undefined;
        this.#refused = true;
        this.#retryAt = clock.now() + this.#retryMs;
        this.#retryMs = Math.min(2 * this.#retryMs, maxRetryMs);
        this.#send();
      },
    });
  }

  #framesOver(socket: Socket, first: Buffer): FrameCalls {
    const { clock, logger, maxMessageBytes } = this.#options;
    const frames: FrameCalls = new FrameCalls(socket, first, {
      address: this.#origin,
      clock,
      logger,
      maxFrameBytes: maxMessageBytes + frameAllowance,
      onDrain: () => this.#send(),
      onEnd: () => {
        if (this.#frames === frames) this.#frames = undefined;
        this.#leaving.add(frames);
        if (this.#queue.peek() !== undefined) this.#send();
      },
      onClosed: () => this.#leaving.delete(frames),
    });
    return frames;
  }

  /** Loads what only batches need, while the calls wait, and sends them. */
  async #openBatches(): Promise<void> {
    this.#openingBatches = true;
    const { Pool } = await import("undici");
    if (this.#closed) return;
    const { connections, ids, maxMessageBytes } = this.#options;
    // A call's own deadline ends it; undici's timeouts would only add a second, different error.
    this.#pool = new Pool(this.#origin, {
      connections,
      pipelining: 1,
      connectTimeout: connectTimeoutMs,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: keepAliveTimeoutMs,
      keepAliveMaxTimeout: keepAliveTimeoutMs,
    });
    this.#batches = new BatchCalls({
      address: this.#origin,
      dispatcher: this.#pool,
      connections,
      caller: ids.hex(16),
      maxMessageBytes,
      maxFrameBytes: maxMessageBytes + frameAllowance,
      onFree: () => this.#send(),
    });
    this.#send();
  }
}

/** A client of the server at `address`. Throws only where that is no address; the server need not be there. */
export function connectHttp(address: string, options: HttpClientOptions): HttpClient {
  const parsed = parseAddress(address);
  const origin = formatAddress(parsed);
  const sender = new CallSender(parsed, options);
  const subscriptions = new Set<() => void>();

  return {
    call: sender.call,
    get pending() {
      return sender.pending;
    },
    async subscribe(topic, onEvent) {
      const subscription = subscribeHttp(origin, topic, onEvent, options.maxMessageBytes, options);
      subscriptions.add(subscription.stop);
      await subscription.attempted;
      return () => {
        subscriptions.delete(subscription.stop);
        subscription.stop();
      };
    },
    async close() {
      for (const stop of subscriptions) stop();
      subscriptions.clear();
      await sender.close();
    },
  };
}
