import { type RunnerTask, TestRunner } from "vitest";
import { stalledSince } from "./stalls.js";

const maxRetries = 3;

/**
 * Tries a failed test again only where the machine stood still meanwhile, and never otherwise: on a machine that runs, a
 * test that fails once has failed.
 */
export default class PatientRunner extends TestRunner {
  override async onBeforeRunTask(task: RunnerTask): Promise<void> {
    let triedAt = Date.now();
    task.retry = {
      count: maxRetries,
      condition: () => {
        const stalled = stalledSince(triedAt);
        triedAt = Date.now();
        return stalled > 0;
      },
    };
    await super.onBeforeRunTask(task);
  }
}
