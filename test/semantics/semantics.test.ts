import { testSystem, type TestSystem } from "pangaea/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { semanticsCases } from "./cases.js";
import { layouts } from "./layouts.js";
import { frontModule, probeModule } from "./probe.js";

describe.each(Object.entries(layouts))("a call, in the layout %s,", (_name, topology) => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await testSystem({ topology, modules: [frontModule, probeModule] });
  });
  afterAll(() => system.stop());

  for (const { title, run } of semanticsCases) it(title, () => run(system));

  it("leaves nothing pending behind", async () => {
    await expect
      .poll(() => [...system.processes.values()].map((process) => process.pending))
      .toEqual([...system.processes].map(() => 0));
    expect([...system.processes.values()].map((process) => process.pendingDeadlines)).toEqual(
      [...system.processes].map(() => 0),
    );
  });
});
