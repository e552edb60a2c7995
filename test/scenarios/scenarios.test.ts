import { afterAll, beforeAll, describe, it } from "vitest";
import { allStories } from "./all-stories.js";
import { allLayouts, type Running } from "./layouts.js";
import { Shop } from "./shop.js";

const stories = await allStories();
const layouts = await allLayouts();
const told = new Map<string, number>();

for (const layout of layouts) {
  describe(layout.name, () => {
    let running: Running;
    beforeAll(async () => {
      running = await layout.start();
    }, 150_000);
    afterAll(() => running?.stop());

    for (const story of stories) {
      it.concurrent(
        story.title,
        async () => {
          await story.run(new Shop(running.url));
          told.set(layout.name, (told.get(layout.name) ?? 0) + 1);
        },
        60_000,
      );
    }
  });
}

afterAll(() => {
  const passed = [...told].map(([name, count]) => (count === stories.length ? name : `${name} (${count})`));
  process.stdout.write(`\n${stories.length} scenarios in ${told.size} layouts: ${passed.join("; ")}\n`);
});
