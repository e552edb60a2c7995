import { defineConfig } from "vitest/config";

export default defineConfig({
  // The package imports itself by name; without this condition a test would load dist and src side by side.
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"] } },
  test: {
    include: ["test/**/*.test.ts", "modules/**/*.test.ts"],
    globalSetup: ["test/setup/redis.ts"],
    setupFiles: ["test/setup/metadata.ts"],
    reporters: ["default", "./test/setup/times-reporter.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
