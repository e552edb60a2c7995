import type { Module } from "../core/module.js";
import type { Subscriber } from "../events/relay.js";

/** Who among `modules` wants which at-least-once events of a module, by the subscribing module's name. */
export function subscribersOf(producer: Module, modules: Iterable<Module>): Map<string, Subscriber> {
  const subscribers = new Map<string, Subscriber>();
  for (const module of modules) {
    const wanted = module.on.filter(({ event: { service, delivery } }) => {
      return service === producer.name && delivery === "at-least-once";
    });
    if (wanted.length === 0) continue;
    const from = wanted.every((subscription) => subscription.from === "now") ? "now" : "oldest";
    subscribers.set(module.name, { events: new Set(wanted.map(({ event }) => event.name)), from });
  }
  return subscribers;
}
