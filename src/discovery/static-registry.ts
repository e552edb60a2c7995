import type { Instance, Registry } from "../core/registry.js";

/** A registry whose instances are written down beforehand: nothing is ever registered or changed. */
export const staticRegistry = (instances: readonly Instance[]): Registry => ({
  register: () => Promise.resolve({ update: () => Promise.resolve(), close: () => Promise.resolve() }),
  watch(onChange) {
    onChange(instances);
    return () => {};
  },
  close: () => Promise.resolve(),
});
