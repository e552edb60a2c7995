import { testSystem } from "pangaea/testing";
import { describe, expect, it } from "vitest";
import { semanticsCases } from "../semantics/cases.js";
import { layouts } from "../semantics/layouts.js";
import { frontModule, probeModule } from "../semantics/probe.js";
import { switches } from "./switches.js";

// In one process, where nothing but these layers keeps the promises: over a wire a codec copies by itself.
describe.each(switches)("with $what switched off, the suite", ({ options, caught }) => {
  it.each(caught)("goes red: %s …", async (beginning) => {
    const cases = semanticsCases.filter(({ title }) => title.startsWith(beginning));
    expect(cases, "a case with this title").toHaveLength(1);
    const system = await testSystem({ topology: layouts.monolith!, modules: [frontModule, probeModule], ...options });
    try {
      // What hangs without its deadline is as good a red as what fails; nobody waits for it.
      const result = await Promise.race([
        cases[0]!.run(system).then(
          () => "green",
          () => "red",
        ),
        new Promise((resolve) => setTimeout(resolve, 3_000, "red: it hangs")),
      ]);
      expect(result).toMatch(/^red/);
    } finally {
      void system.stop().catch(() => undefined);
    }
  });
});
