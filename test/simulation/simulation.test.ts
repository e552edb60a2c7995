import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failedSeeds } from "./failed-seeds.js";
import { Simulation } from "./simulate.js";

/** So many seeds run with every `npm test`; `npm run test:simulation` runs thousands. */
const newSeeds = Array.from({ length: Number(process.env.PANGAEA_SEEDS ?? "24") }, (_, index) => index + 1);

describe("the shop in virtual time", () => {
  let simulation: Simulation;
  beforeAll(async () => {
    simulation = await Simulation.open();
  });
  afterAll(() => simulation.close());

  it("takes the same course for the same seed", async () => {
    const [first, second] = [await simulation.run(7), await simulation.run(7)];
    expect(first.story.length).toBeGreaterThan(1);
    expect(second).toEqual(first);
  });

  it.each([
    ["the seeds that failed once", failedSeeds()],
    [`${newSeeds.length} more seeds`, newSeeds],
  ])(
    "loses and doubles nothing in %s",
    async (_title, seeds) => {
      for (const seed of seeds) {
        const { violations, story, layout } = await simulation.run(seed);
        expect(violations, `seed ${seed}, ${layout}:\n${story.join("\n")}`).toEqual([]);
      }
    },
    300_000,
  );
});
