import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../setup/free-port.js";
import { Shop } from "../scenarios/shop.js";
import { processOf, spansOf, statusOf, textOf } from "./observed-shop.js";
import { becomesReady, type Cli, eventually, projectWith, root, runCli, startCli } from "./run-cli.js";

const shopModules = "[users, catalog, inventory, orders, notifications, storefront]";
const project = projectWith({
  monolith:
    "name: shop\nprocesses:\n  shop: { gateway: {}, modules: [payments, users, catalog, inventory, orders, notifications, storefront] }\n",
  split: `name: shop-split\nprocesses:\n  edge: { gateway: {} }\n  sales: { modules: ${shopModules} }\n  money: { modules: [payments] }\n`,
});

interface Running {
  readonly cli: Cli;
  readonly url: string;
  readonly admin: string;
  readonly env: Readonly<Record<string, string>>;
}

async function start(layout: "monolith" | "split"): Promise<Running> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const env = { PORT: String(port), ADMIN_PORT: String(adminPort), DATA_DIR: `${project.path}/${layout}` };
  const command = layout === "monolith" ? "start" : "split";
  const cli = startCli([command, "--topology", `config/${layout}.yaml`], { cwd: project.path, env });
  const url = `http://127.0.0.1:${port}`;
  await becomesReady(cli, url);
  return { cli, url, admin: `http://127.0.0.1:${adminPort}`, env };
}

/** Metric names of a text in Prometheus' form, with their kinds. */
const kindsIn = (text: string): Map<string, string> =>
  new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, kind]) => [name!, kind!]));

afterAll(() => project.remove());

describe.each([
  ["monolith", ["shop"], "shop"],
  ["split", ["edge", "sales", "money"], "money"],
] as const)("an observed %s", (layout, processes, payer) => {
  let shop: Running;
  beforeAll(async () => {
    shop = await start(layout);
  });
  afterAll(async () => {
    shop.cli.child.kill("SIGINT");
    await shop.cli.exited;
  });
  const run = (...args: string[]) => runCli(args, { cwd: project.path, env: shop.env });

  it("shows every process at one admin address, and each at one of its own, but not at the edge", async () => {
    // On a busy machine a process may be silent at the first question.
    const reports = await eventually(
      async () => {
        const { processes: all } = await statusOf(shop.admin);
        return all.every(({ figures }) => figures !== null) ? all : undefined;
      },
      () => "every process answers",
    );
    expect(reports.map(({ name, state }) => [name, state])).toEqual(processes.map((name) => [name, "ready"]));
    for (const { addresses, pid, figures } of reports) {
      const admin = addresses.admin!;
      expect(admin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      expect((await textOf(`${admin}/healthz`)).status).toBe(200);
      expect((await textOf(`${admin}/readyz`)).status).toBe(200);
      expect((await statusOf(admin)).processes).toMatchObject([{ pid }]);
      expect((await textOf(`${admin}/metrics`)).text).toContain("process_uptime_seconds{");
      expect(figures!.memory.rssBytes).toBeGreaterThan(1_000_000);
    }
    for (const path of ["/metrics", "/status", "/spans?trace=x"])
      expect((await textOf(`${shop.url}${path}`)).status).toBe(404);
  });

  it("shows the metrics that the documentation has, and no other, each once with all of its processes", async () => {
    // What stands before other processes is there once one of them was called.
    expect((await textOf(`${shop.url}/products`)).status).toBe(200);
    const { text } = await textOf(`${shop.admin}/metrics`);
    const shown = kindsIn(text);
    const docs = readFileSync(join(root, "docs/operations.md"), "utf8");
    const documented = new Map(
      [...docs.matchAll(/^\| `([a-z0-9_]+)` \| (gauge|counter|histogram) \|/gm)].map(([, name, kind]) => [
        name!,
        kind!,
      ]),
    );
    // The supervisor's own, and what stands before other processes.
    const ofSplits = [...documented.keys()].filter((name) => /^pangaea_(process_up|client_)/.test(name));
    if (layout === "monolith") for (const name of ofSplits) documented.delete(name);
    expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(documented));
    expect(text.match(/^# TYPE process_uptime_seconds /gm)).toHaveLength(1);
    for (const name of processes)
      expect(text).toMatch(new RegExp(`^process_uptime_seconds\\{.*process="${name}"`, "m"));
  });

  it("lets somebody who has never seen it find out which service is slow, and why", async () => {
    const people = new Shop(shop.url);
    const customer = await people.customer();
    const product = await people.product();
    await people.order(customer, { products: [product] });
    // Something is slow for some customers, now and then: the processor of cards takes its time.
    await people.send(customer, { products: [product], token: "tok_slow" });

    // First look: which procedure takes so long, and where. One that is still under way is told by its step.
    const slow = /^payments\.charge +(\S+) .* ms +\d+/m;
    const status = await eventually(
      async () => {
        const { stdout } = await run("status");
        return slow.test(stdout) && /place-order\/charge.*\d{4} ms/.test(stdout) ? stdout : undefined;
      },
      () => "status shows payments.charge and the slow step",
    );
    expect(slow.exec(status)![1]).toBe(payer);
    // The tables begin with what is slowest.
    const [, procedures, slowest] = status.trim().split("\n\n");
    expect(procedures!.split("\n").slice(2, 6).join("\n")).toMatch(/^payments\.charge/m);
    const trace = /place-order\/charge .* ([0-9a-f]{32})$/m.exec(slowest!) ?? /([0-9a-f]{32})$/m.exec(slowest!);
    expect(trace).not.toBeNull();

    // Second look: where in that request the time went.
    const shown = await run("trace", trace![1]!);
    expect(shown.code).toBe(0);
    const [blamed] = /^.*most of the time.*$/m.exec(shown.stdout)!;
    expect(blamed).toMatch(new RegExp(`payments\\.charge +${payer} `));
    expect(shown.stdout).toMatch(/^ +saga place-order\/charge\/run of orders/m);

    // The table that goes on by itself prints once where nobody can see it change.
    const top = await run("top");
    expect(top.code).toBe(0);
    expect(top.stdout).toContain("payments.charge");
  });

  it("prints a request's way by its id: calls, steps of the saga, and the events that came of it", async () => {
    const people = new Shop(shop.url);
    const customer = await people.customer();
    const product = await people.product();
    const response = await people.ask(customer, { products: [product], key: "once" });
    const requestId = response.headers["x-request-id"] as string;
    const spans = await eventually(
      async () => {
        const found = await spansOf(shop.admin, requestId);
        return found.spans.some(({ kind, service }) => kind === "event" && service === "notifications")
          ? found.spans
          : undefined;
      },
      () => "the event is in the trace",
    );
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    const [edge] = spans;
    expect(edge).toMatchObject({ kind: "edge", method: "POST /orders", parentId: null, detail: requestId });
    // One tree: everything was caused by something that is shown.
    const ids = new Set(spans.map(({ id }) => id));
    expect(spans.filter(({ parentId }) => parentId === null || !ids.has(parentId))).toEqual([edge]);
    expect(new Set(spans.map(({ process }) => process)).size).toBe(processes.length);

    const { stdout, code } = await run("trace", requestId);
    expect(code).toBe(0);
    expect(stdout).toContain(`request ${requestId}`);
    for (const what of [
      /^POST \/orders/m,
      /inventory\.reserve/,
      /payments\.charge/,
      /event orders\.confirmed at notifications/,
    ])
      expect(stdout).toMatch(what);
    expect(await run("trace", "nobody")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Nothing is known"),
    });
  });

  it("says of a process that does not answer that it does not", async () => {
    if (layout === "monolith") {
      const elsewhere = await run("status", "--url", "http://127.0.0.1:1");
      expect(elsewhere).toMatchObject({ code: 1, stderr: expect.stringContaining("Nothing listens") });
      return;
    }
    const money = (await processOf(shop.admin, "money"))!;
    process.kill(money.pid!, "SIGSTOP");
    try {
      const { stdout, code } = await run("status");
      expect(code).toBe(1);
      expect(stdout).toMatch(/^money +silent .*does not answer/m);
      expect(stdout).toMatch(/^sales +ready /m);
      expect((await textOf(`${shop.admin}/metrics`)).text).toContain('pangaea_process_up{process="money"} 0');
    } finally {
      process.kill(money.pid!, "SIGCONT");
    }
    await eventually(
      async () => (await run("status")).code === 0,
      () => "all answer again",
    );
  });
});
