import { afterAll, beforeAll, describe, it } from "vitest";
import { allStories } from "./all-stories.js";
import { allLayouts, type Running } from "./layouts.js";
import { Shop } from "./shop.js";

const stories = await allStories();
const layouts = await allLayouts();
const passed = new Map<string, number>();
const lines: string[] = [];

for (const layout of layouts) {
  describe(layout.name, () => {
    let running: Running;
    let startedAt: number;
    beforeAll(async () => {
      startedAt = performance.now();
      running = await layout.start();
    }, 360_000);
    afterAll(async () => {
      await running?.stop();
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      const count = passed.get(layout.name) ?? 0;
      if (count > 0) lines.push(`${count === stories.length ? "" : `only ${count} in `}${layout.name} (${seconds} s)`);
    });

    for (const story of stories) {
      it.concurrent(
        story.title,
        async () => {
          await story.run(new Shop(running.url));
          passed.set(layout.name, (passed.get(layout.name) ?? 0) + 1);
        },
        300_000,
      );
    }
  });
}

afterAll(() => {
  process.stdout.write(`\n${stories.length} scenarios in ${lines.length} layouts: ${lines.join("; ")}\n`);
});
