import { execFileSync } from "node:child_process";
import { freePort } from "pangaea/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  becomesReady,
  type Cli,
  eventually,
  isAlive,
  projectWith,
  runProcess,
  startCli,
  usersOnly,
} from "./run-cli.js";

const project = projectWith({
  split: `name: small\nprocesses:\n  edge: { gateway: {} }\n  people: { modules: [users] }\n${usersOnly}`,
});

interface Running extends Cli {
  readonly url: string;
  readonly env: Record<string, string>;
}

async function startSplit(name: string): Promise<Running> {
  const port = await freePort();
  const env = { PORT: String(port), ADMIN_PORT: String(await freePort()), DATA_DIR: `${project.path}/${name}` };
  const url = `http://127.0.0.1:${port}`;
  const running = { ...startCli(["split"], { cwd: project.path, env }), url, env };
  await becomesReady(running, url);
  // The table comes when every process has said that it is ready, which may be a moment after the gateway knows.
  await eventually(() => tableOf(running).size === 2, running.stdout);
  return running;
}

/** Process name → pid, from the printed table. */
const tableOf = ({ stdout }: Cli): Map<string, number> =>
  new Map([...stdout().matchAll(/^(edge|people) +(\d+) +\S/gm)].map(([, name, pid]) => [name!, Number(pid)]));

/** Every process that `pid` has started and that is there now. */
const childrenOf = (pid: number): number[] =>
  execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" })
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === pid)
    .map(([child]) => child!);

const allGone = (pids: readonly number[]) =>
  eventually(
    () => !pids.some(isAlive),
    () => `gone: ${pids.filter(isAlive).join(", ")}`,
  );

async function register({ url }: Running, email: string): Promise<{ id: string }> {
  const body = JSON.stringify({ name: "Ada", email });
  const answer = await fetch(`${url}/users`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  expect(answer.status).toBe(201);
  return (await answer.json()) as { id: string };
}
const statusOf = async ({ url }: Running, id: string) => (await fetch(`${url}/users/${id}`)).status;

describe("pangaea split", () => {
  let one: Running;
  let other: Running;
  beforeAll(async () => {
    [one, other] = await Promise.all([startSplit("one"), startSplit("other")]);
  });
  afterAll(async () => {
    for (const running of [one, other]) running?.child.kill("SIGKILL");
    await Promise.all([one?.exited, other?.exited]);
    project.remove();
  });

  it("runs an operating system process for each process of the topology, and names them in a table", () => {
    expect(new Set(tableOf(one).values())).toEqual(new Set(childrenOf(one.pid)));
    expect(one.stdout()).toMatch(new RegExp(`^edge +\\d+ +- +gateway +${one.url}$`, "m"));
    expect(one.stdout()).toMatch(/^people +\d+ +users +http +http:\/\/127\.0\.0\.1:\d+$/m);
  });

  it("keeps two systems with different ports and data folders apart", async () => {
    const { id } = await register(one, "ada@example.org");
    expect(await statusOf(one, id)).toBe(200);
    expect(await statusOf(other, id)).toBe(404);
    await register(other, "ada@example.org");
  });

  it("refuses a port that another system has, names it, and leaves no process behind", async () => {
    const { code, stdout, stderr } = await runProcess(["split"], {
      cwd: project.path,
      env: { ...other.env, PORT: one.env.PORT, DATA_DIR: `${project.path}/third` },
    });
    expect(code).toBe(78);
    expect(`${stdout}${stderr}`).toContain(`127.0.0.1:${one.env.PORT} is in use`);
    expect(stderr).toContain("Process edge cannot start as it is configured");
  });

  it("starts a killed process again, with its data", async () => {
    const { id } = await register(one, "grace@example.org");
    const killed = tableOf(one).get("people")!;
    process.kill(killed, "SIGKILL");
    await allGone([killed]);
    await eventually(() => one.stdout().includes("Process people ended and is started again"), one.stdout);
    await becomesReady(one, one.url);
    expect(await statusOf(one, id)).toBe(200);
    const children = childrenOf(one.pid);
    expect(children).toHaveLength(2);
    expect(children).not.toContain(killed);
  });

  it("stops every process at Ctrl-C, those started again too", async () => {
    const pids = childrenOf(one.pid);
    expect(pids).toHaveLength(2);
    // Twice: npm passes on what the terminal has sent to everybody already.
    one.child.kill("SIGINT");
    one.child.kill("SIGINT");
    expect(await one.exited).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
    await expect(fetch(one.url)).rejects.toThrow();
  });

  it("leaves no process behind when its supervisor is killed", async () => {
    const pids = childrenOf(other.pid);
    expect(pids).toHaveLength(2);
    other.child.kill("SIGKILL");
    await allGone(pids);
  });
});
