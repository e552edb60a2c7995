import type { Handler } from "../core/call.js";
import type { Clock } from "../core/clock.js";
import { rootContext } from "../core/context.js";
import type { Ids } from "../core/ids.js";
import type { Logger } from "../core/logger.js";
import { eventMethod, type Module, type Subscription } from "../core/module.js";
import type { Registry } from "../core/registry.js";
import type { Connection } from "../core/transport.js";

export interface BestEffortOptions {
  /** The modules that run here. */
  readonly modules: readonly Module[];
  readonly registry: Registry;
  /** Every connection over which a producer can be reached now. */
  readonly connectionsOf: (service: string) => readonly Connection[];
  /** Where a received event goes: through the subscriber's own stack, like any call. */
  readonly handle: Handler;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
}

const handlingDeadlineMs = 10_000;

/** Keeps the modules of this process subscribed to the best-effort events they want, as their producers come and go. */
export async function listenToBestEffortEvents(options: BestEffortOptions): Promise<() => void> {
  const wanted = options.modules.flatMap((module) =>
    module.on.filter(({ event }) => event.delivery === "best-effort").map((subscription) => ({ module, subscription })),
  );
  if (wanted.length === 0) return () => {};
  const subscribed = new Map<Connection, Promise<() => void>[]>();

  const refresh = () => {
    const current = new Map<Connection, { module: Module; subscription: Subscription }[]>();
    for (const item of wanted) {
      for (const connection of options.connectionsOf(item.subscription.event.service)) {
        current.set(connection, [...(current.get(connection) ?? []), item]);
      }
    }
    for (const [connection, items] of current) {
      if (subscribed.has(connection)) continue;
      const closers = items.map(({ module, subscription }) =>
        connection.subscribe(eventMethod(subscription.event), (payload) => receive(module, subscription, payload)),
      );
      subscribed.set(connection, closers);
    }
    for (const [connection, closers] of subscribed) {
      if (current.has(connection)) continue;
      subscribed.delete(connection);
      unsubscribe(closers);
    }
  };

  const receive = (module: Module, { event }: Subscription, payload: unknown) => {
    const method = eventMethod(event);
    const info = { id: options.ids.uuid(), key: "", method };
    options
      .handle({
        kind: "event",
        service: module.name,
        version: event.version,
        method,
        input: payload,
        effect: "idempotent",
        attempt: 1,
        caller: event.service,
        context: rootContext(options.clock, handlingDeadlineMs, { event: info }),
      })
      .catch((error: unknown) =>
        options.logger.warn(`${module.name} failed on ${method}, which is best-effort.`, { error }),
      );
  };

  const unsubscribe = (closers: Promise<() => void>[]) => {
    for (const closer of closers) void closer.then((close) => close());
  };
  const stopWatching = options.registry.watch(refresh);
  await Promise.allSettled([...subscribed.values()].flat());
  return () => {
    stopWatching();
    for (const closers of subscribed.values()) unsubscribe(closers);
  };
}
