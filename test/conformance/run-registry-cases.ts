import { describe, it } from "vitest";
import { registryCases, type RegistryFeatures, type RegistrySubject } from "../../src/testing/registry-conformance.js";

/** Where tests run from the sources, a thread runs what they were built to. */
export const heartbeatThread = new URL("../../dist/src/discovery/heartbeat-thread.js", import.meta.url);

/** Runs the suite on one registry. `missing`: why it cannot be run here. */
export function runRegistryCases(
  name: string,
  features: RegistryFeatures,
  subject: RegistrySubject,
  missing?: string,
): void {
  describe(`the ${name} registry`, () => {
    for (const { title, skip, run } of registryCases) {
      const reason = missing ?? skip?.(features);
      if (reason === undefined) it(title, () => run(subject), 240_000);
      else it.skip(`${title} (${reason})`);
    }
  });
}
