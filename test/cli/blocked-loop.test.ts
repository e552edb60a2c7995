import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blockingProject } from "./blocking-project.js";
import { startCli } from "./run-cli.js";

describe("a blocked event loop", () => {
  let project: ReturnType<typeof blockingProject>;
  beforeAll(() => (project = blockingProject()));
  afterAll(() => project.remove());

  const begin = (topology: string) =>
    startCli(["start", "--topology", topology], { cwd: project.path, env: { LOG_FORMAT: "json" } });
  const linesOf = (text: string) =>
    text
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const gatewayOf = (text: string): string | undefined => /Ready on (http:\/\/[^".]+(?:\.\d+)*:\d+)/.exec(text)?.[1];

  it("is reported while it lasts, with module and procedure, and again when it is over", async () => {
    const cli = begin("config/report.yaml");
    await expect.poll(() => gatewayOf(cli.stdout()), { timeout: 120_000 }).toBeDefined();
    const url = gatewayOf(cli.stdout())!;
    const spun = await fetch(`${url}/spins`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ forMs: 15_000 }),
    });
    expect(spun.status).toBeLessThan(600);
    await expect.poll(() => cli.stdout(), { timeout: 60_000 }).toContain("turns again");
    const [blocked, over] = linesOf(cli.stdout()).filter((line) => "blockedMs" in line);
    expect(blocked).toMatchObject({ level: "warn", process: "one", module: "mill", procedure: "spin" });
    expect(blocked!.msg).toMatch(/^The event loop has been blocked for [\d.]+ s by mill\.spin\./);
    expect(blocked!.at).toMatch(/^grind file:.*modules\/mill\/module\.js:\d+$/);
    expect(blocked!.blockedMs).toBeLessThan(15_000);
    expect(over).toMatchObject({ level: "warn", module: "mill", procedure: "spin" });
    expect(over!.blockedMs).toBeGreaterThan(blocked!.blockedMs as number);
    cli.child.kill("SIGINT");
    expect(await cli.exited).toBe(0);
  });

  it("ends the process where the topology says so, and the log says why", async () => {
    const cli = begin("config/exit.yaml");
    await expect.poll(() => gatewayOf(cli.stdout()), { timeout: 120_000 }).toBeDefined();
    const url = gatewayOf(cli.stdout())!;
    const spun = fetch(`${url}/spins`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ forMs: 300_000 }),
    });
    await expect(spun).rejects.toThrow();
    expect(await cli.exited).toBe(null);
    expect(linesOf(cli.stdout()).findLast((line) => "blockedMs" in line)!.msg).toMatch(/this process ends itself\.$/);
  });
});
