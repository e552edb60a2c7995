import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take minutes: begun last, one of them would be waited for alone. */
const longest = ["test/scenarios/scenarios.test.ts", "test/chaos/chaos.test.ts"];

const rank = ({ moduleId }: TestSpecification): number => {
  const index = longest.findIndex((path) => moduleId.endsWith(path));
  return index === -1 ? longest.length : index;
};

/** Begins with what takes longest, also on a machine where nothing has run yet. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- a sequencer is no array
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}
