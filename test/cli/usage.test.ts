import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "vitest";
import { nodeRefusal } from "../../src/cli/node-version.js";
import { runCli, runProcess, startCli } from "./run-cli.js";

describe("pangaea", () => {
  it("lists every command when it is asked for help, and ends well", async () => {
    const { code, stdout, stderr } = await runProcess(["--help"]);
    expect(code).toBe(0);
    expect(stderr).toBe("");
    for (const command of ["start", "split", "topology", "contracts", "stack", "call", "new"]) {
      expect(stdout).toMatch(new RegExp(`^ {2}${command}\\b`, "m"));
    }
  });

  it("prints its help as an error when no command is named", async () => {
    const { code, stdout, stderr } = await runCli([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("Usage: pangaea");
  });

  it.each([
    { args: ["strat"], says: "Did you mean start?" },
    { args: ["topology", "shwo"], says: "Did you mean show?" },
    { args: ["start", "--topolgy", "x.yaml"], says: "Did you mean --topology?" },
    { args: ["call"], says: "missing required argument 'service.method'" },
    { args: ["stack", "users", "orders"], says: "too many arguments" },
  ])("refuses $args as wrong usage and says: $says", async ({ args, says }) => {
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(says);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it("ends quietly when its reader has seen enough", async () => {
    const cli = startCli(["contracts"]);
    cli.child.stdout!.destroy();
    expect(await cli.exited).toBe(0);
    expect(cli.stderr()).toBe("");
  });
});

describe("an older Node", () => {
  it("is told which Node is needed, which it is, and how to run the right one", () => {
    for (const version of ["20.20.2", "22.18.9", "18.0.0"]) {
      expect(nodeRefusal(version)).toMatch(/Node 22\.19 or newer.*npm run/);
      expect(nodeRefusal(version)).toContain(version);
    }
    for (const version of ["22.19.0", "22.20.1", "23.0.0", "24.21.0"]) expect(nodeRefusal(version)).toBeUndefined();
  });

  const old = oldNode();
  it.skipIf(old === undefined)(
    "gets one sentence and exit code 78, before anything is loaded that it cannot load",
    async () => {
      const { code, stdout, stderr } = await runProcess(["--help"], { node: old });
      expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
      expect(stderr).toMatch(/^Pangaea needs Node 22\.19 or newer, and this is [\d.]+\. .*\n$/);
    },
  );
});

/** A Node of this machine that is too old, where there is one. */
function oldNode(): string | undefined {
  const candidates = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "node"));
  return candidates.filter(existsSync).find((path) => {
    const version = execFileSync(path, ["--version"], { encoding: "utf8" }).trim().slice(1);
    return nodeRefusal(version) !== undefined;
  });
}
