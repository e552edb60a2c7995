import type { Instance, Registry } from "../core/registry.js";

/** A registry for several processes that a test runs in one: what one registers, all see at once. */
export function memoryRegistries(): () => Registry {
  const instances = new Map<string, Instance>();
  const watchers = new Set<(known: readonly Instance[]) => void>();
  const tell = () => {
    for (const watcher of watchers) watcher([...instances.values()]);
  };
  const put = (instance: Instance) => {
    instances.set(instance.id, instance);
    tell();
  };
  return () => ({
    register(instance) {
      put(instance);
      return Promise.resolve({
        update(changed) {
          put(changed);
          return Promise.resolve();
        },
        close() {
          instances.delete(instance.id);
          tell();
          return Promise.resolve();
        },
      });
    },
    watch(onChange) {
      watchers.add(onChange);
      onChange([...instances.values()]);
      return () => watchers.delete(onChange);
    },
    close: () => Promise.resolve(),
  });
}
