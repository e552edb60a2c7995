import type { Module } from "../core/module.js";

/** Who among `modules` wants which at-least-once events of a module: subscriber → names of events. */
export function subscribersOf(producer: Module, modules: Iterable<Module>): Map<string, Set<string>> {
  const subscribers = new Map<string, Set<string>>();
  for (const module of modules) {
    for (const { event } of module.on) {
      if (event.service !== producer.name || event.delivery !== "at-least-once") continue;
      const events = subscribers.get(module.name) ?? new Set();
      subscribers.set(module.name, events.add(event.name));
    }
  }
  return subscribers;
}
