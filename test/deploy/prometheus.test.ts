import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { textOf } from "../cli/observed-shop.js";
import { becomesReady, type Cli, eventually, projectWith, root, startCli, usersOnly } from "../cli/run-cli.js";
import { freePort } from "../setup/free-port.js";

const missing =
  process.env.CI !== "true" && spawnSync("promtool", ["--version"]).status !== 0
    ? " (prometheus is not installed: apt-get install -y --no-install-recommends prometheus)"
    : "";
const folder = join(root, "deploy/prometheus");
const rules = readFileSync(join(folder, "alerts.yml"), "utf8");
const dashboard = JSON.parse(readFileSync(join(root, "deploy/grafana/pangaea.json"), "utf8")) as {
  readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
};

/** What the dashboard asks, with its variables as Grafana fills them in. */
const asked = dashboard.panels
  .flatMap(({ targets }) => targets)
  .map(({ expr }) => expr.replaceAll("$__rate_interval", "1m").replaceAll("$process", ".*"));

/** Metrics that a text names, histograms without the ending of their series. */
const namesIn = (text: string): Set<string> =>
  new Set(
    [...text.matchAll(/\b(?:rpc|http|pangaea|nodejs|v8js|process)_[a-z0-9_]+\b(?=[{[)\s]|$)/g)]
      .map(([name]) => name.replace(/_(?:bucket|sum|count)$/, ""))
      .filter((name) => !name.endsWith("_")),
  );

const promtool = (...args: string[]) => spawnSync("promtool", args, { cwd: folder, encoding: "utf8" });

describe.skipIf(missing !== "")(`Prometheus and what is deployed with it${missing}`, () => {
  let shop: Cli;
  let prometheus: ChildProcess;
  let url: string;
  let data: string;
  const project = projectWith({
    split: `name: people\nprocesses:\n  edge: { gateway: {} }\n  people: { modules: [users] }\n${usersOnly}`,
  });

  beforeAll(async () => {
    const [port, adminPort, ownPort] = [await freePort(), await freePort(), await freePort()];
    const env = { PORT: String(port), ADMIN_PORT: String(adminPort), DATA_DIR: `${project.path}/data` };
    shop = startCli(["split", "--topology", "config/split.yaml"], { cwd: project.path, env });
    await becomesReady(shop, `http://127.0.0.1:${port}`);
    data = await mkdtemp(join(tmpdir(), "pangaea-prometheus-"));
    const config = readFileSync(join(folder, "prometheus.yml"), "utf8");
    expect(config).toContain("127.0.0.1:3001");
    await writeFile(join(data, "alerts.yml"), rules);
    await writeFile(
      join(data, "prometheus.yml"),
      config.replace("127.0.0.1:3001", `127.0.0.1:${adminPort}`).replaceAll("15s", "5s"),
    );
    url = `http://127.0.0.1:${ownPort}`;
    prometheus = spawn(
      "prometheus",
      [
        `--config.file=${data}/prometheus.yml`,
        `--storage.tsdb.path=${data}/tsdb`,
        `--web.listen-address=127.0.0.1:${ownPort}`,
      ],
      { stdio: "ignore" },
    );
    await eventually(
      async () => (await textOf(`${url}/-/ready`).catch(() => undefined))?.status === 200,
      () => "prometheus is ready",
    );
  });
  afterAll(async () => {
    prometheus?.kill("SIGKILL");
    shop?.child.kill("SIGINT");
    await shop?.exited;
    await rm(data, { recursive: true, force: true });
    project.remove();
  });
  const ask = async (path: string) =>
    JSON.parse((await textOf(`${url}/api/v1/${path}`)).text) as { status: string; error?: string; data: any };

  it("loads the rules and the configuration, and each alert does what its test says", () => {
    for (const args of [
      ["check", "config", "prometheus.yml"],
      ["check", "rules", "alerts.yml"],
      ["test", "rules", "alerts.test.yml"],
    ]) {
      const { status, stdout, stderr } = promtool(...args);
      expect({ args, status, said: status === 0 ? "" : stdout + stderr }).toEqual({ args, status: 0, said: "" });
    }
  });

  it("finds every metric that the rules and the dashboard name in what a running system shows", async () => {
    const wanted = namesIn([rules, ...asked].join("\n"));
    expect(wanted.size).toBeGreaterThan(12);
    const known = await eventually(
      async () => {
        const { data: metadata } = await ask("metadata");
        return "pangaea_process_up" in metadata ? (metadata as object) : undefined;
      },
      () => "prometheus has scraped the system",
    );
    expect([...wanted].filter((name) => !(name in known))).toEqual([]);
    const { data: targets } = await ask("targets");
    expect(targets.activeTargets).toMatchObject([{ health: "up", lastError: "" }]);
  });

  it("can answer whatever the dashboard asks", async () => {
    for (const expr of asked) {
      const { status, error } = await ask(`query?query=${encodeURIComponent(expr)}`);
      expect({ expr, status, error }).toEqual({ expr, status: "success", error: undefined });
    }
    const { data: up } = await ask(`query?query=${encodeURIComponent("pangaea_process_up")}`);
    const processes = (up.result as { metric: { process: string } }[]).map(({ metric }) => metric.process);
    expect(processes.toSorted()).toEqual(["edge", "people"]);
  });
});
