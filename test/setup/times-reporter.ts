import { relative } from "node:path";
import type { Reporter, TestModule, Vitest } from "vitest/node";

/**
 * Prints, at the end of a run, how long each kind of test took, which tests passed only when they were tried again, how
 * many scenarios ran in how many layouts, and one line with the counts.
 */
export default class TimesReporter implements Reporter {
  #root = process.cwd();

  onInit(vitest: Vitest): void {
    this.#root = vitest.config.root;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const seconds = new Map<string, number>();
    const triedAgain: string[] = [];
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      const kind = relative(this.#root, module.moduleId).split("/").slice(0, 2).join("/");
      const { duration, collectDuration, setupDuration } = module.diagnostic();
      seconds.set(kind, (seconds.get(kind) ?? 0) + (duration + collectDuration + setupDuration) / 1000);
      if (module.state() === "failed" && [...module.children.allTests()].length === 0) counts.failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state !== "pending") counts[state]++;
        if (test.diagnostic()?.flaky === true) triedAgain.push(`${module.relativeModuleId} > ${test.fullName}`);
      }
    }
    const width = Math.max(...[...seconds.keys()].map((kind) => kind.length));
    process.stdout.write("\nSeconds per kind of test (several run at once):\n");
    for (const [kind, time] of [...seconds].toSorted(([a], [b]) => a.localeCompare(b))) {
      process.stdout.write(`  ${kind.padEnd(width)} ${time.toFixed(1).padStart(7)}\n`);
    }
    if (triedAgain.length > 0) {
      process.stdout.write("\nPassed only when tried again, because the machine stood still meanwhile:\n");
      for (const name of triedAgain) process.stdout.write(`  ${name}\n`);
    }
    const scenarios = modules.find((module) => module.relativeModuleId === "test/scenarios/scenarios.test.ts");
    if (scenarios !== undefined) process.stdout.write(`\n${scenarioLine(scenarios)}\n`);
    process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
  }
}

/** Every layout is a suite, and every story a test of each of them. */
function scenarioLine(module: TestModule): string {
  const layouts = [...module.children.suites()].map((suite) => {
    const results = [...suite.children.allTests()].map((test) => test.result().state);
    const passed = results.filter((state) => state === "passed").length;
    return { name: suite.name, stories: results.length, passed };
  });
  const stories = Math.max(0, ...layouts.map((layout) => layout.stories));
  const parts = layouts.map(({ name, passed }) => (passed === stories ? name : `${name} (only ${passed} passed)`));
  return `${stories} scenarios in ${layouts.length} layouts: ${parts.join("; ")}`;
}
