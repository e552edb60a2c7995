import { freePort } from "pangaea/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { becomesReady, type Cli, projectWith, runCli, startCli, usersOnly } from "./run-cli.js";

const project = projectWith({
  monolith: `name: small\nprocesses:\n  all: { gateway: {}, modules: [users] }\n${usersOnly}`,
});
let system: Cli;
let env: Record<string, string>;
beforeAll(async () => {
  env = { PORT: String(await freePort()), ADMIN_PORT: String(await freePort()), DATA_DIR: `${project.path}/data` };
  system = startCli(["start"], { cwd: project.path, env });
  await becomesReady(system, `http://127.0.0.1:${env.PORT}`);
});
afterAll(async () => {
  system.child.kill("SIGTERM");
  await system.exited;
  project.remove();
});
const call = (...args: string[]) => runCli(["call", ...args], { cwd: project.path, env });

describe("pangaea call", () => {
  const ada = JSON.stringify({ name: "Ada", email: "ada@example.org" });

  it("prints the output as one line of JSON, and the first one again under the same key", async () => {
    const first = await call("users.create", ada, "--key", "k-1");
    expect(first).toMatchObject({ code: 0, stderr: "", stdout: expect.stringMatching(/^\{.*\}\n$/) });
    const user = JSON.parse(first.stdout) as { id: string };
    expect(await call("users.create", ada, "--key", "k-1")).toEqual(first);
    const got = await call("users.get", JSON.stringify({ id: user.id }), "--url", `http://127.0.0.1:${env.ADMIN_PORT}`);
    expect(JSON.parse(got.stdout)).toEqual(user);
  });

  it("prints an error's code, reason, message and details, and fails", async () => {
    expect(await call("users.get", '{"id": "u_nobody"}')).toEqual({
      code: 1,
      stdout: "",
      stderr: "not_found USER_NOT_FOUND: There is no such user.\n",
    });
    const invalid = await call("users.get", '{"id": 7}');
    expect(invalid).toMatchObject({ code: 1, stdout: "" });
    expect(invalid.stderr).toMatch(/^invalid_argument: .*id: .*\ndetails: \{"violations":\[\{"path":"id"/);
  });

  it("keeps the deadline that it is given", async () => {
    const { code, stderr } = await call("users.get", '{"id": "u_1"}', "--deadline", "1");
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^deadline_exceeded: /) });
  });

  it("says how to start a system where nothing listens", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { code, stderr } = await call("users.get", '{"id": "u_1"}', "--url", url);
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^Nothing listens at ${url}: start the system \\(npm start\\).*\\n$`));
  });

  it("says so where what listens is not a process of Pangaea, for instance the gateway", async () => {
    const { code, stderr } = await call("users.get", '{"id": "u_1"}', "--url", `http://127.0.0.1:${env.PORT}`);
    expect(code).toBe(1);
    expect(stderr).toContain("point --url at an admin listener (by default PORT + 1)");
  });

  it.each([
    { args: ["users.gte"], says: 'error: users has no procedure "gte". Did you mean get? There are create, get.\n' },
    { args: ["user.get"], says: 'error: there is no service "user". Did you mean users?' },
    { args: ["users"], says: 'error: "users" is no procedure; write service.method' },
    { args: ["users.get", "{id: 1}"], says: "error: the input is not JSON" },
    { args: ["users.get", "{}", "--url", "localhost"], says: 'error: --url: "localhost" is no HTTP address' },
    { args: ["users.get", "{}", "--deadline", "soon"], says: "Give a whole number of milliseconds" },
  ])("refuses $args as wrong usage and says: $says", async ({ args, says }) => {
    const { code, stdout, stderr } = await call(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(says);
  });
});
