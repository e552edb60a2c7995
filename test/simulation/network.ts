import {
  type Call,
  callFrom,
  type Connection,
  errorFrom,
  errorMessageOf,
  errorOf,
  type Handler,
  type Listener,
  messageOf,
  type PangaeaError,
  type Reply,
  type Transport,
} from "../../src/core/index.js";
import type { Random } from "../chaos/random.js";
import type { ProcessClock, VirtualTime } from "./virtual-time.js";

/** A process as the network sees it. */
export interface Node {
  readonly name: string;
  readonly clock: ProcessClock;
  isAlive: boolean;
}

/** How bad the network is. Chances are in thousandths, per message. */
export interface Weather {
  readonly lost: number;
  readonly doubled: number;
  readonly late: number;
}

export const fairWeather: Weather = { lost: 0, doubled: 0, late: 0 };

interface Served {
  readonly node: Node;
  readonly handler: Handler;
  pending: number;
  onIdle: (() => void) | undefined;
}

interface Pending {
  readonly caller: Node;
  /** Who has the call; unknown while it is on its way. */
  callee: Node | undefined;
  fail(error: PangaeaError): void;
}

const lost = (outcome: "not-sent" | "unknown", message: string) => errorOf("unavailable", message, { outcome });

/**
 * Wires between processes that exist in memory alone: messages are text, take their time, overtake each other, are lost,
 * and come twice where an attempt may be repeated (reads, idempotent and keyed calls, events).
 */
export class Network {
  weather = fairWeather;
  /** What became of messages. */
  readonly counts = { sent: 0, lost: 0, doubled: 0 };
  readonly #served = new Map<string, Set<Served>>();
  readonly #subscribers = new Map<string, Set<{ readonly node: Node; readonly onEvent: (payload: unknown) => void }>>();
  readonly #pending = new Set<Pending>();
  #addresses = 0;

  constructor(
    private readonly time: VirtualTime,
    private readonly random: Random,
  ) {}

  /** Calls that nobody has answered yet and somebody alive waits for. */
  get pending(): number {
    return [...this.#pending].filter(({ caller }) => caller.isAlive).length;
  }

  /** One process's side of a transport. */
  transport(name: string, node: Node): Transport {
    const mine = new Set<Listener>();
    const features = { remote: true, maxMessageBytes: 1 << 20, dynamicAddress: name === "http" };
    return {
      name,
      features,
      connect: (address) => this.#connect(node, `${name} ${address}`),
      serve: (asked, handler) => {
        // A network address is a new one for each start; a name is the same again.
        const address = features.dynamicAddress ? `http://${node.name}:${++this.#addresses}` : asked;
        const listener = this.#serve(node, `${name} ${address}`, address, handler);
        mine.add(listener);
        return Promise.resolve(listener);
      },
      close: async () => {
        await Promise.all([...mine].map((listener) => listener.close()));
      },
    };
  }

  /** A process is gone: nobody listens there, and those who wait for it hear of it, or never do. */
  forget(node: Node): void {
    for (const places of [this.#served, this.#subscribers])
      for (const at of places.values()) for (const each of at) if (each.node === node) at.delete(each as never);
    for (const pending of this.#pending) {
      if (pending.callee !== node || this.random.below(2) === 0) continue;
      this.#travel(pending.caller, () => pending.fail(lost("unknown", `${node.name} is gone.`)));
    }
  }

  #connect(node: Node, place: string): Connection {
    const open = new Set<Pending>();
    const call = (sent: Call) => this.#call(node, place, sent, open);
    return {
      call,
      subscribe: (topic, onEvent) => {
        const entry = { node, onEvent };
        const all = entriesAt(this.#subscribers, `${place} ${topic}`);
        all.add(entry);
        return Promise.resolve(() => void all.delete(entry));
      },
      close: () => {
        for (const pending of open) pending.fail(lost("unknown", "The connection was closed."));
        return Promise.resolve();
      },
    };
  }

  #serve(node: Node, place: string, address: string, handler: Handler): Listener {
    const entry: Served = { node, handler, pending: 0, onIdle: undefined };
    // What a process still does after its end nobody hears of.
    if (node.isAlive) entriesAt(this.#served, place).add(entry);
    return {
      address,
      publish: (topic, payload) => {
        const text = JSON.stringify(payload ?? null);
        for (const { node: to, onEvent } of this.#subscribers.get(`${place} ${topic}`) ?? [])
          if (!this.#isLost()) this.#travel(to, () => onEvent(JSON.parse(text)));
      },
      close: async () => {
        this.#served.get(place)?.delete(entry);
        if (entry.pending > 0) await new Promise<void>((resolve) => (entry.onIdle = resolve));
      },
    };
  }

  #call(caller: Node, place: string, call: Call, open: Set<Pending>): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const settle = (action: () => void) => {
        if (!this.#pending.delete(pending)) return;
        open.delete(pending);
        stopFollowing();
        action();
      };
      const pending: Pending = {
        caller,
        callee: undefined,
        fail: (error) => settle(() => reject(error)),
      };
      this.#pending.add(pending);
      open.add(pending);
      const cancels: ((reason: PangaeaError) => void)[] = [];
      const stopFollowing = call.context.cancellation.onCancel((reason) => {
        pending.fail(reason);
        for (const cancel of cancels) cancel(reason);
      });
      const text = JSON.stringify(messageOf(call));
      const mayRepeat =
        call.kind === "event" || call.effect !== "mutation" || call.context.idempotencyKey !== undefined;
      const copies = mayRepeat && this.random.below(1_000) < this.weather.doubled ? 2 : 1;
      this.counts.doubled += copies - 1;
      for (let copy = 0; copy < copies; copy++) {
        if (this.#isLost()) continue;
        this.#arrive(place, pending, text, cancels, (action) => settle(action), resolve, reject);
      }
    });
  }

  #arrive(
    place: string,
    pending: Pending,
    text: string,
    cancels: ((reason: PangaeaError) => void)[],
    settle: (action: () => void) => void,
    resolve: (reply: Reply) => void,
    reject: (error: unknown) => void,
  ): void {
    const { caller } = pending;
    const answer = (action: () => void) => {
      if (!this.#isLost()) this.#travel(caller, () => settle(action));
    };
    this.time.after(this.#delayMs(), () => {
      const there = [...(this.#served.get(place) ?? [])];
      if (there.length === 0) {
        answer(() => reject(lost("not-sent", `Nobody listens at ${place}.`)));
        return;
      }
      // A name that two processes listen to reaches both.
      for (const served of there) {
        served.node.clock.whenRunning(() => {
          pending.callee = served.node;
          const call = callFrom(JSON.parse(text), served.node.clock);
          cancels.push((reason) => this.#travel(served.node, () => call.context.cancellation.cancel(reason)));
          served.pending++;
          void begin(served.handler, call)
            .then(
              (reply) => {
                const output = JSON.stringify({ output: reply.output });
                return () => resolve(JSON.parse(output) as Reply);
              },
              (error: unknown) => {
                const message = JSON.stringify(errorMessageOf(error));
                return () => reject(errorFrom(JSON.parse(message)));
              },
            )
            .then((action) => {
              if (--served.pending === 0) served.onIdle?.();
              if (served.node.isAlive) answer(action);
            });
        });
      }
    });
  }

  #travel(to: Node, action: () => void): void {
    this.time.after(this.#delayMs(), () => to.clock.whenRunning(action));
  }

  #isLost(): boolean {
    this.counts.sent++;
    const isLost = this.random.below(1_000) < this.weather.lost;
    if (isLost) this.counts.lost++;
    return isLost;
  }

  #delayMs(): number {
    const isLate = this.random.below(1_000) < this.weather.late;
    return isLate ? 100 + this.random.below(1_500) : 1 + this.random.below(10);
  }
}

function begin(handler: Handler, call: Call): Promise<Reply> {
  try {
    return handler(call);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** The set at a key, made where there is none. */
export function entriesAt<T>(map: Map<string, Set<T>>, key: string): Set<T> {
  let entries = map.get(key);
  if (entries === undefined) map.set(key, (entries = new Set()));
  return entries;
}
