import { isError, type PangaeaError, type Stack } from "pangaea";
import { testSystem } from "pangaea/testing";
import { expect, it } from "vitest";
import { layouts } from "./layouts.js";
import { frontModule, probe, probeModule } from "./probe.js";

const withoutClientChecks = (stack: Stack, place: string): Stack =>
  place === "client" ? stack.filter(({ role }) => role !== "validation") : stack;

// Whoever speaks the protocol can send anything: a boundary that trusts its callers to check has none.
it.each(["http", "redis"])(
  "refuses over %s, before the handler runs, what a caller that checks nothing sends",
  async (layout) => {
    const system = await testSystem({
      topology: layouts[layout]!,
      modules: [frontModule, probeModule],
      revise: withoutClientChecks,
    });
    try {
      const [client, ctx] = [system.client(probe, "one"), system.context(20_000)];
      const before = (await client.kept({}, ctx)).calls;
      const error = await client.shout({ text: "" }, ctx).then(
        () => undefined,
        (thrown: unknown) => thrown as PangaeaError,
      );
      expect(isError(error)).toBe(true);
      expect([error!.code, error!.outcome]).toEqual(["invalid_argument", "not-executed"]);
      expect((await client.kept({}, ctx)).calls).toBe(before);
    } finally {
      await system.stop();
    }
  },
  60_000,
);
