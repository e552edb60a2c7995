import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { failpointNames, inertFailpoints } from "../../src/core/failpoints.js";
import { readFailpoints } from "../../src/runtime/failpoints.js";
import { ConfigurationError } from "../../src/runtime/settings.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

describe("the failpoints' names", () => {
  const hits = globSync("src/**/*.ts", { cwd: root })
    .flatMap((path) => [...readFileSync(`${root}${path}`, "utf8").matchAll(/\bhit\("([^"]*)"\)/g)])
    .map((match) => match[1]!);

  it("are each a step in the source", () => {
    expect(failpointNames.filter((name) => !hits.includes(name))).toEqual([]);
  });

  it("are all the steps that the source names", () => {
    expect(hits.filter((name) => !(failpointNames as readonly string[]).includes(name))).toEqual([]);
  });
});

describe("PANGAEA_FAILPOINT", () => {
  it("arms nothing where it is not set", () => {
    expect(readFailpoints({})).toBe(inertFailpoints);
    expect(readFailpoints({ PANGAEA_FAILPOINT: "" })).toBe(inertFailpoints);
  });

  it("kills the process at the named step, and at no other", () => {
    const carryOut = vi.fn();
    const failpoints = readFailpoints({ PANGAEA_FAILPOINT: "commit.after" }, carryOut);
    failpoints.hit("commit.before");
    expect(carryOut).not.toHaveBeenCalled();
    failpoints.hit("commit.after");
    expect(carryOut).toHaveBeenCalledExactlyOnceWith("kill", "commit.after");
  });

  it("acts when the step is reached for the given time, once", () => {
    const carryOut = vi.fn();
    const failpoints = readFailpoints({ PANGAEA_FAILPOINT: "saga.after-step@3=pause" }, carryOut);
    failpoints.hit("saga.after-step");
    failpoints.hit("saga.after-step");
    expect(carryOut).not.toHaveBeenCalled();
    for (let i = 0; i < 3; i++) failpoints.hit("saga.after-step");
    expect(carryOut).toHaveBeenCalledExactlyOnceWith("pause", "saga.after-step");
  });

  it.each(["nowhere", "commit.after@0", "commit.after=explode", "@2", "commit.after@2@3"])(
    "refuses %s, naming the variable and what could be given",
    (text) => {
      const read = () => readFailpoints({ PANGAEA_FAILPOINT: text });
      expect(read).toThrow(ConfigurationError);
      expect(read).toThrow(`PANGAEA_FAILPOINT="${text}"`);
      expect(read).toThrow("commit.before, commit.after");
    },
  );

  it("ends a real process at the step, as kill -9 does", () => {
    const code = `
      const { readFailpoints } = await import("pangaea-runtime-failpoints");
      readFailpoints(process.env).hit("commit.after");
      console.log("still alive");`.replace("pangaea-runtime-failpoints", `${root}dist/src/runtime/failpoints.js`);
    const { signal, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", code], {
      env: { ...process.env, PANGAEA_FAILPOINT: "commit.after" },
      encoding: "utf8",
    });
    expect(signal).toBe("SIGKILL");
    expect(stdout).toBe("");
    expect(stderr).toContain("failpoint commit.after: kill");
  });
});
