import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { plant } from "./test/planted/plant.js";

const planted = process.env.PANGAEA_PLANTED;

export default defineConfig({
  plugins: planted === undefined || planted === "all" ? [] : [plant(planted)],
  // The package imports itself by name; without this condition a test would load dist and src side by side.
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"] } },
  test: {
    include: ["test/**/*.test.ts", "modules/**/*.test.ts"],
    globalSetup: ["test/setup/redis.ts", "test/setup/postgres.ts", "test/setup/stalls.ts"],
    runner: "./test/setup/patient-runner.ts",
    setupFiles: ["test/setup/metadata.ts"],
    reporters: ["default", "./test/setup/times-reporter.ts"],
    // What was transformed with one planted bug must not be taken for the source, or for another one's.
    fsModuleCache: planted === undefined || planted === "all",
    testTimeout: 60_000,
    hookTimeout: 180_000,
    // Most tests wait for processes more than they compute: two files at a time, also on two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
