import { afterAll, describe, expect, it } from "vitest";
import { projectWith, runCli } from "./run-cli.js";

const project = projectWith({
  typo: "name: shop\nprocesses:\n  all:\n    gateway: {}\n    moduels: [users]\n",
  faulty:
    "name: shop\nprocesses:\n  one: { modules: [users, orders] }\n  two: { modules: [users] }\nroutes: { default: pigeon }\n",
  broken: "name: [\n",
});
afterAll(project.remove);

describe("pangaea topology check", () => {
  it("says that a topology is fine and how large it is", async () => {
    expect(await runCli(["topology", "check"])).toEqual({
      code: 0,
      stdout: "config/monolith.yaml: fine: 1 process, 7 modules\n",
      stderr: "",
    });
    const { stdout } = await runCli(["topology", "check", "config/mixed.yaml"]);
    expect(stdout).toBe("config/mixed.yaml: fine: 3 processes, 7 modules\n");
  });

  it("names file, key and mend of a mistyped key", async () => {
    const { code, stdout, stderr } = await runCli(["topology", "check", "config/typo.yaml"], { cwd: project.path });
    expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
    expect(stderr).toMatch(/^config\/typo\.yaml: processes\.all: unknown key "moduels"; .*mend its spelling.*\n$/);
  });

  it("tells all faults at once, a line each", async () => {
    const { code, stderr } = await runCli(["topology", "check", "config/faulty.yaml"], { cwd: project.path });
    expect(code).toBe(78);
    const lines = stderr.trimEnd().split("\n");
    expect(lines.every((line) => line.startsWith("config/faulty.yaml: "))).toBe(true);
    for (const fault of [
      "users is placed twice",
      "no process has a gateway",
      'no transport "pigeon"',
      "requires catalog",
    ]) {
      expect(stderr).toContain(fault);
    }
  });

  it("says so where the file is missing or no YAML", async () => {
    const missing = await runCli(["topology", "check", "config/none.yaml"], { cwd: project.path });
    expect(missing).toMatchObject({ code: 78, stderr: expect.stringContaining("config/none.yaml: there is no such") });
    const broken = await runCli(["topology", "check", "config/broken.yaml"], { cwd: project.path });
    expect(broken).toMatchObject({ code: 78, stderr: expect.stringContaining("config/broken.yaml: ") });
    expect(broken.stderr).not.toMatch(/^\s+at /m);
  });
});

describe("pangaea topology show", () => {
  it("prints what runs where and which transport each edge takes", async () => {
    const { code, stdout } = await runCli(["topology", "show", "config/mixed.yaml"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^edge +storefront users catalog +yes +http$/m);
    expect(stdout).toMatch(/^orders +sales +users +edge +http$/m);
    expect(stdout).toMatch(/^orders +sales +payments +sales +in-process$/m);
    expect(stdout).toMatch(/^storefront +edge +orders +sales +redis$/m);
    expect(stdout).toMatch(/^orders\.confirmed +sales +notifications +notices +redis +at-least-once$/m);
  });

  it("prints the same as JSON, where in one process every edge stays inside", async () => {
    const { stdout } = await runCli(["topology", "show", "--json"]);
    const shown = JSON.parse(stdout) as Record<"processes" | "calls" | "events", { transport: string }[]>;
    expect(shown.processes).toMatchObject([{ name: "shop", gateway: true, listen: [] }]);
    expect(shown.calls).toContainEqual({
      from: "gateway",
      fromProcess: "shop",
      to: "users",
      toProcess: "shop",
      transport: "in-process",
    });
    expect(new Set([...shown.calls, ...shown.events].map((edge) => edge.transport))).toEqual(new Set(["in-process"]));
  });
});
