import { afterAll, beforeAll, describe, it } from "vitest";
import { allStories } from "./all-stories.js";
import { allLayouts, type Running } from "./layouts.js";
import { Shop } from "./shop.js";

const stories = await allStories();
const layouts = await allLayouts();

for (const layout of layouts) {
  describe(layout.name, () => {
    let running: Running;
    beforeAll(async () => {
      running = await layout.start();
    }, 360_000);
    afterAll(() => running?.stop());

    for (const story of stories) {
      it.concurrent(story.title, () => story.run(new Shop(running.url)), 300_000);
    }
  });
}
