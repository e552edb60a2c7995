import { spawn } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { freePort } from "pangaea/testing";
import { afterAll, describe, expect, it } from "vitest";
import { becomesReady, eventually, main, projectWith, runProcess, startCli, usersOnly } from "./run-cli.js";

const project = projectWith({
  monolith: `name: small\nprocesses:\n  all: { gateway: {}, modules: [users] }\n${usersOnly}`,
  split: `name: small\nprocesses:\n  edge: { gateway: {} }\n  people: { modules: [users] }\n${usersOnly}`,
});
afterAll(project.remove);
const at = (env: Record<string, string> = {}) => ({
  cwd: project.path,
  env: { DATA_DIR: `${project.path}/data`, ...env },
});

const takePort = (): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => resolve(server));
  });

describe("pangaea start", () => {
  it("refuses a port in use with exit code 78, naming host and port", async () => {
    const taken = await takePort();
    const { port } = taken.address() as AddressInfo;
    const gateway = await runProcess(["start"], at({ PORT: String(port) }));
    const admin = await runProcess(["start"], at({ ADMIN_PORT: String(port) }));
    taken.close();
    for (const { code, stderr } of [gateway, admin]) {
      expect({ code, stderr }).toEqual({ code: 78, stderr: expect.stringContaining(`127.0.0.1:${port}`) });
      expect(stderr).toMatch(/in use/);
      expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    }
  });

  it("names the processes where it is not told which, or told one that is not there", async () => {
    const untold = await runProcess(["start", "-t", "config/split.yaml"], at());
    expect(untold).toMatchObject({ code: 78, stderr: expect.stringContaining("--process (edge, people)") });
    const unknown = await runProcess(["start", "-t", "config/split.yaml", "-p", "poeple"], at());
    expect(unknown.code).toBe(78);
    expect(unknown.stderr).toBe(
      'config/split.yaml has no process "poeple". Did you mean people? There are edge, people.\n',
    );
  });

  it("asks for PANGAEA_ADDRESSES where nobody says where the other processes are", async () => {
    const { code, stderr } = await runProcess(["start", "-t", "config/split.yaml", "--process", "edge"], at());
    expect(code).toBe(78);
    expect(stderr).toMatch(
      /^config\/split\.yaml: nobody says where process people listens: .*PANGAEA_ADDRESSES="people=/,
    );
  });

  it("starts a process that asks nobody without being told where the others are", async () => {
    const people = startCli(["start", "-t", "config/split.yaml", "--process", "people"], at());
    await eventually(
      () => people.stdout().includes("Ready"),
      () => `ready: ${people.stdout()}`,
    );
    people.child.kill("SIGTERM");
    expect(await people.exited).toBe(0);
  });

  it("refuses settings that it cannot use, naming them", async () => {
    const { code, stderr } = await runProcess(["start"], at({ PORT: "http" }));
    expect({ code, stderr }).toEqual({ code: 78, stderr: 'PORT="http": give a port from 0 to 65535\n' });
  });

  it("runs processes that are started one by one, and drains them when they are told to stop", async () => {
    const port = await freePort();
    const address = `http://127.0.0.1:${await freePort()}`;
    const options = at({ PORT: String(port), PANGAEA_ADDRESSES: `people=${address}` });
    const processes = ["edge", "people"].map((name) =>
      startCli(["start", "-t", "config/split.yaml", "--process", name], options),
    );
    try {
      await becomesReady(processes[0]!, `http://127.0.0.1:${port}`);
      const answer = await fetch(`http://127.0.0.1:${port}/users/u_nobody`);
      expect(await answer.json()).toMatchObject({ reason: "USER_NOT_FOUND" });
    } finally {
      for (const { child } of processes) child.kill("SIGTERM");
    }
    expect(await Promise.all(processes.map((each) => each.exited))).toEqual([0, 0]);
    for (const each of processes) expect(each.stdout()).toContain("Stopping");
  });

  it.skipIf(process.platform === "win32")(
    "ends when the npm that ran it is ended, though nothing is passed on",
    async () => {
      const shell = spawn("sh", ["-c", `"${process.execPath}" "${main}" start; true`], {
        cwd: project.path,
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, ...at({ PORT: "0", ADMIN_PORT: "0" }).env, npm_lifecycle_event: "start" },
      });
      let printed = "";
      shell.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
      // The pipe closes when nobody is left who could write to it.
      const closed = new Promise<void>((resolve) => shell.stdout.once("close", resolve));
      await eventually(
        () => printed.includes("Ready on"),
        () => `ready: ${printed}`,
      );
      shell.kill("SIGTERM");
      await closed;
      expect(printed).toContain("Stopping");
    },
  );
});
