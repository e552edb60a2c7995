import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const written = () => readFile("bench/results.json", "utf8").catch(() => undefined);

it("a run of some contenders measures them, prints it and leaves the results alone", async () => {
  const before = await written();
  const contenders = ["direct await", "Pangaea in-process", "raw TCP"];
  const args = ["--no-peers", "--profile", "--rounds", "1", "--round-ms", "10", "--only", "local", "--only", "http"];
  for (const name of contenders) args.push("--contender", name);
  const run = promisify(execFile)(process.execPath, ["dist/bench/run.js", ...args], { timeout: 230_000 });
  const { stdout } = await run;
  for (const name of contenders) expect(stdout, name).toMatch(new RegExp(`\\| ${name} \\| [\\d,]+ \\(`));
  expect(stdout).not.toContain("failed");
  expect(stdout).toMatch(/Pangaea in-process, calls\/s at c=1, against direct await \|\s+\| 0.33 \| \d/);
  expect(stdout).toMatch(/against fastify \+ undici \|.*\| not measured \|/);
  // Its rivals did not run, so that nobody can say that its goals are reached.
  const [, profile] = stdout.split("### Pangaea in-process, c=1, client");
  expect(profile).toMatch(/\| src\/[a-z]+ \| \d+\.\d %/);
  expect(await written()).toBe(before);
}, 240_000);
