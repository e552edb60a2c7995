import { BaseSequencer, type TestSpecification } from "vitest/node";

/** It takes minutes: begun last, it would be waited for alone. */
const longest = "test/scenarios/scenarios.test.ts";

const rank = ({ moduleId }: TestSpecification): number => (moduleId.endsWith(longest) ? 0 : 1);

/** Begins with the file that takes longest, also on a machine where nothing has run yet. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- a sequencer is no array
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}
