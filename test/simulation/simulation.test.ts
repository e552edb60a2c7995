import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Simulation } from "./simulate.js";

/** So many seeds run with every `npm test`; `npm run test:simulation` runs thousands. */
const seeds = Number(process.env.PANGAEA_SEEDS ?? "20");

describe("the shop in virtual time", () => {
  let simulation: Simulation;
  beforeAll(async () => {
    simulation = await Simulation.open();
  });
  afterAll(() => simulation.close());

  it("takes the same course for the same seed", async () => {
    const [first, second] = [await simulation.run(7), await simulation.run(7)];
    expect(second).toEqual(first);
  });

  it(`loses and doubles nothing in ${seeds} seeds`, async () => {
    for (let seed = 1; seed <= seeds; seed++) {
      const { violations, story, layout } = await simulation.run(seed);
      expect(violations, `seed ${seed}, ${layout}:\n${story.join("\n")}`).toEqual([]);
    }
  });
});
