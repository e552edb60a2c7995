import { EventEmitter } from "eventemitter3";
import {
  asError,
  type Call,
  type Connection,
  copyJson,
  type CreateTransport,
  errorOf,
  type Handler,
  type Listener,
  type Reply,
  type Transport,
} from "../../src/core/index.js";

interface Served {
  readonly handler: Handler;
  pending: number;
  onIdle: (() => void) | undefined;
}

/** What a handler throws before it has a promise to give is a rejection like any other. */
function begin(handler: Handler, call: Call): ReturnType<Handler> {
  try {
    return handler(call);
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * Calls inside one process: straight to the handler, nothing encoded. Values are isolated by the validation that stands
 * in every stack, and events are fanned out by an emitter to copies made the same way.
 */
export const createTransport: CreateTransport = ({ logger }): Transport => {
  const served = new Map<string, Served>();
  const emitter = new EventEmitter();

  const callAt = (address: string): Handler => {
    const call = (call: Call): Promise<Reply> => {
      const target = served.get(address);
      if (target === undefined) {
        const message = `Nothing serves "${address}" in this process.`;
        return Promise.reject(errorOf("unavailable", message, { outcome: "not-sent" }));
      }
      target.pending++;
      return begin(target.handler, call).then(
        (reply) => {
          if (--target.pending === 0) target.onIdle?.();
          return reply;
        },
        (thrown: unknown) => {
          if (--target.pending === 0) target.onIdle?.();
          throw asError(thrown, "internal", "The service failed.", "failed");
        },
      );
    };
    const direct: Handler["direct"] = (...procedure) => served.get(address)?.handler.direct?.(...procedure);
    return Object.assign(call, { direct });
  };

  const connect = (address: string): Connection => ({
    call: callAt(address),
    subscribe(topic, onEvent) {
      const listener = (payload: unknown) => {
        try {
          onEvent(copyJson(payload));
        } catch (error) {
          logger.error("A subscriber of a best-effort event threw.", { topic, error });
        }
      };
      const name = `${address}/${topic}`;
      emitter.on(name, listener);
      return Promise.resolve(() => void emitter.off(name, listener));
    },
    close: () => Promise.resolve(),
  });

  const serve = async (address: string, handler: Handler): Promise<Listener> => {
    if (served.has(address)) throw new Error(`"${address}" is already served in this process`);
    const entry: Served = { handler, pending: 0, onIdle: undefined };
    served.set(address, entry);
    return {
      address,
      publish(topic, payload) {
        // Copied now, and once more for each subscriber: neither side may notice what another does to it.
        const published = copyJson(payload);
        queueMicrotask(() => emitter.emit(`${address}/${topic}`, published));
      },
      async close() {
        served.delete(address);
        if (entry.pending > 0) await new Promise<void>((resolve) => (entry.onIdle = resolve));
      },
    };
  };

  return {
    name: "in-process",
    features: { remote: false, maxMessageBytes: Number.POSITIVE_INFINITY, dynamicAddress: false },
    connect,
    serve,
    close() {
      served.clear();
      emitter.removeAllListeners();
      return Promise.resolve();
    },
  };
};
