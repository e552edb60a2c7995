import { availableParallelism } from "node:os";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import LongestFirst from "./test/setup/longest-first.js";
import { plant } from "./test/planted/plant.js";

type ProjectConfig = NonNullable<TestProjectInlineConfiguration["test"]>;

const planted = process.env.PANGAEA_PLANTED;

const unit = ["test/unit/**/*.test.ts", "modules/**/*.test.ts"];

const project = (name: string, test: ProjectConfig) => ({
  plugins: planted === undefined || planted === "all" ? [] : [plant(planted)],
  // The package imports itself by name; without this condition a test would load dist and src side by side.
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"] } },
  test: {
    name,
    runner: "./test/setup/patient-runner.ts",
    setupFiles: ["test/setup/metadata.ts"],
    // What was transformed with one planted bug must not be taken for the source, or for another one's.
    fsModuleCache: planted === undefined || planted === "all",
    testTimeout: 60_000,
    hookTimeout: 180_000,
    ...test,
  },
});

export default defineConfig({
  test: {
    projects: [
      // Unit tests leave nothing behind that the next file could see: they share a process and what it has loaded.
      project("unit", { include: unit, isolate: false }),
      project("whole", { include: ["test/**/*.test.ts"], exclude: unit }),
    ],
    sequence: { sequencer: LongestFirst },
    globalSetup: ["test/setup/redis.ts", "test/setup/postgres.ts", "test/setup/stalls.ts"],
    reporters: ["default", "./test/setup/times-reporter.ts"],
    // Most tests wait for processes more than they compute: two files at a time, also on two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
