import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { eventually, startCli } from "./run-cli.js";

// Where nobody may look at another process's system calls (macOS, a locked container) there is nothing to see.
const { status, error: missing } = spawnSync("strace", ["-o", "/dev/null", "true"]);
if (missing !== undefined && process.env.CI === "true") throw new Error("no strace here", { cause: missing });
const canTrace = status === 0;
const whyNot = canTrace ? "" : ` (strace ${missing === undefined ? "may not look at processes" : "is missing"} here)`;

const folder = mkdtempSync(join(tmpdir(), "pangaea-power-cut-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The system calls of a running process, from when it has begun to listen until it is told to stop. */
async function traceOf(pid: number): Promise<{ stop(): Promise<string[]> }> {
  const file = join(folder, "calls");
  const calls = "trace=read,recvfrom,write,writev,sendto,sendmsg,fdatasync,fsync";
  const tracer = spawn("strace", ["-f", "-y", "-e", calls, "-s", "64", "-o", file, "-p", String(pid)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  tracer.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await eventually(
    () => said.includes("attached"),
    () => `strace attached: ${said}`,
  );
  return {
    async stop() {
      const ended = once(tracer, "exit");
      tracer.kill("SIGINT");
      await ended;
      return readFileSync(file, "utf8").split("\n");
    },
  };
}

const post = async (url: string, body: object) => {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return (await response.json()) as { readonly id: string; readonly status?: string };
};

it.skipIf(!canTrace)(`the disk has an order and its payment before the customer has the answer${whyNot}`, async () => {
  const shop = startCli(["start"], { env: { DATA_DIR: mkdtempSync(join(folder, "data-")) } });
  const url = () => /http:\/\/\S+:\d+/.exec(shop.stdout())?.[0];
  await eventually(
    () => shop.stdout().includes("Ready") && url() !== undefined,
    () => `ready: ${shop.stdout()}${shop.stderr()}`,
  );
  const user = await post(`${url()}/users`, { name: "Ada", email: "ada@example.org" });
  const price = { currency: "EUR", amount: 100 };
  const product = await post(`${url()}/products`, { name: "Lamp", description: "", price, stock: 5 });
  const trace = await traceOf(shop.pid);
  const items = [{ productId: product.id, quantity: 1 }];
  const order = await post(`${url()}/orders`, { userId: user.id, items, payment: { token: "tok_ok" } });
  const calls = await trace.stop();
  shop.child.kill("SIGTERM");
  await shop.exited;

  expect(order.status).toBe("confirmed");
  const asked = calls.findIndex((line) => line.includes("POST /orders"));
  const answered = calls.findIndex((line, index) => index > asked && line.includes("HTTP/1.1 201"));
  expect([asked, answered], calls.join("\n")).not.toContain(-1);
  const flushed = calls.slice(asked, answered).filter((line) => /\bf(?:data)?sync\(.* = 0$/.test(line));
  for (const module of ["orders", "inventory", "payments"])
    expect(
      flushed.some((line) => line.includes(`/${module}.db-wal`)),
      `${module}: ${flushed.join("\n")}`,
    ).toBe(true);
});
