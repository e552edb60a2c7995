import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const written = () => readFile("bench/results.json", "utf8").catch(() => undefined);

it("a run of some contenders measures them, prints it and leaves the results alone", async () => {
  const before = await written();
  const contenders = ["raw TCP", "Pangaea HTTP"];
  const args = [
    "dist/bench/run.js",
    "--no-peers",
    "--only",
    "local",
    "--only",
    "http",
    "--rounds",
    "1",
    "--round-ms",
    "10",
  ];
  for (const name of contenders) args.push("--contender", name);
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 170_000 });
  for (const name of contenders) expect(stdout, name).toMatch(new RegExp(`\\| ${name} \\| [\\d,]+ \\(`));
  expect(stdout).not.toContain("failed");
  expect(stdout).toMatch(/Pangaea HTTP, calls\/s at c=64, against raw TCP \|\s+\| 0.85 \| \d/);
  expect(stdout).toMatch(/against fastify \+ undici \|.*\| not measured \|/);
  expect(await written()).toBe(before);
}, 180_000);
