import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { entries } from "../../bench/contenders.js";

const written = () => readFile("bench/results.json", "utf8").catch(() => undefined);

it("a run without peers measures everything that needs none, prints it and leaves the results alone", async () => {
  const before = await written();
  const args = ["dist/bench/run.js", "--no-peers", "--rounds", "1", "--round-ms", "20"];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const own = entries.filter(({ packages }) => packages.length === 0);
  expect(own.length).toBeGreaterThan(6);
  for (const { name } of own) expect(stdout, name).toMatch(new RegExp(`\\| ${name} \\| [\\d,]+ \\(`));
  expect(stdout).not.toContain("failed");
  expect(stdout).toMatch(/Pangaea HTTP, calls\/s at c=64, against raw TCP \|\s+\| 0.85 \| \d/);
  expect(await written()).toBe(before);
}, 120_000);
