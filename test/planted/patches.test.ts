import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { patches } from "./patches.js";
import { root } from "./plant.js";

describe.each(patches)("the planted bug: $name", ({ name, file, find, test }) => {
  it("has its place in the source, once", () => {
    expect(readFileSync(`${root}${file}`, "utf8").split(find)).toHaveLength(2);
  });

  // A run of its own for each takes minutes: npm run test:planted.
  it.runIf(process.env.PANGAEA_PLANTED === "all")(
    `turns ${test} red`,
    () => {
      const { status, stdout } = spawnSync("npx", ["vitest", "run", test, "--testTimeout=15000"], {
        cwd: root,
        encoding: "utf8",
        env: { ...process.env, PANGAEA_PLANTED: name, NO_COLOR: "1" },
      });
      const red = [...stdout.matchAll(/FAIL .*? > (.*)/g)].map(([, title]) => title);
      process.stdout.write(`${name}: ${status === 0 ? "NOT NOTICED" : `noticed by ${red[0] ?? "a failed run"}`}\n`);
      expect(status).not.toBe(0);
      expect(red.length).toBeGreaterThan(0);
    },
    300_000,
  );
});
