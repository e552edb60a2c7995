import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { patches } from "./patches.js";
import { root } from "./plant.js";

const simulation = "test/simulation/simulation.test.ts";

/** What goes red of a test file while the patch is in the source; empty where nobody notices. */
function redBy(name: string, test: string): string[] {
  const { stdout } = spawnSync(
    "npx",
    ["vitest", "run", test, ...(test === simulation ? [] : ["--testTimeout=15000"])],
    {
      cwd: root,
      encoding: "utf8",
      // A bug that goes round for ever is one that somebody should have noticed.
      timeout: 300_000,
      env: { ...process.env, PANGAEA_PLANTED: name, NO_COLOR: "1" },
    },
  );
  return [...stdout.matchAll(/^ +× (.+?)(?: \d+ms)?$/gm)].map(([, title]) => title!);
}

describe.each(patches)("the planted bug: $name", ({ name, file, find, test, ...patch }) => {
  it("has its place in the source, once", () => {
    expect(readFileSync(`${root}${file}`, "utf8").split(find)).toHaveLength(2);
  });

  // A run of its own for each takes minutes: npm run test:planted.
  it.runIf(process.env.PANGAEA_PLANTED === "all").each(patch.simulation ? [test, simulation] : [test])(
    "turns %s red",
    (file) => {
      const red = redBy(name, file);
      process.stdout.write(`${name}: ${red.length === 0 ? `NOT NOTICED by ${file}` : `noticed: ${red[0]}`}\n`);
      expect(red).not.toEqual([]);
    },
    600_000,
  );
});
