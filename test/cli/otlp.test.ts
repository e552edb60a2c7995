import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, expect, it } from "vitest";
import { freePort } from "../setup/free-port.js";
import { spansOf } from "./observed-shop.js";
import { becomesReady, eventually, folderWith, projectWith, runProcess, startCli, usersOnly } from "./run-cli.js";

/** A span as OTLP's JSON form has it. */
interface Exported {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly service: string;
}

interface Batch {
  readonly resourceSpans: readonly {
    readonly resource: {
      readonly attributes: readonly { readonly key: string; readonly value: { stringValue?: string } }[];
    };
    readonly scopeSpans: readonly { readonly spans: readonly Omit<Exported, "service">[] }[];
  }[];
}

const project = projectWith({
  split: `name: people\nprocesses:\n  edge: { gateway: {} }\n  people: { modules: [users] }\n${usersOnly}`,
  one: `name: people\nprocesses:\n  all: { gateway: {}, modules: [users] }\n${usersOnly}`,
});
afterAll(() => project.remove());

/** Takes what exporters send, as a collector does. */
async function startCollector() {
  const spans: Exported[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    request.once("end", () => {
      for (const { resource, scopeSpans } of (JSON.parse(text) as Batch).resourceSpans) {
        const service = resource.attributes.find(({ key }) => key === "service.name")?.value.stringValue ?? "";
        spans.push(...scopeSpans.flatMap((scope) => scope.spans).map((span) => ({ ...span, service })));
      }
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { spans, url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

it("sends the spans of every process to the collector that is configured, as one tree with the ids that they have here", async () => {
  const collector = await startCollector();
  const [port, adminPort] = [await freePort(), await freePort()];
  const env = {
    PORT: String(port),
    ADMIN_PORT: String(adminPort),
    DATA_DIR: `${project.path}/data`,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: "200",
  };
  const cli = startCli(["split", "--topology", "config/split.yaml"], { cwd: project.path, env });
  try {
    await becomesReady(cli, `http://127.0.0.1:${port}`);
    const answer = await fetch(`http://127.0.0.1:${port}/users`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "Ada", email: `${port}@example.org` }),
    });
    expect(answer.status).toBe(201);
    const requestId = answer.headers.get("x-request-id")!;
    // On a busy machine a process may be silent at the first question.
    const kept = await eventually(
      async () => {
        const { spans, silent } = await spansOf(`http://127.0.0.1:${adminPort}`, requestId);
        return silent.length === 0 ? spans : undefined;
      },
      () => "both processes answer",
    );
    expect(kept.map(({ kind }) => kind)).toEqual(["edge", "client", "server"]);
    const ids = new Set(kept.map(({ id }) => id));
    const sent = await eventually(
      () => {
        const found = collector.spans.filter(({ spanId }) => ids.has(spanId));
        return found.length === kept.length ? found : undefined;
      },
      () => `the collector has ${collector.spans.length} spans`,
    );
    const shown = kept.map(({ traceId, id, parentId, process }) => ({
      traceId,
      spanId: id,
      parentSpanId: parentId ?? "",
      service: process,
    }));
    const found = sent.map(({ traceId, spanId, parentSpanId = "", service }) => ({
      traceId,
      spanId,
      parentSpanId,
      service,
    }));
    const byId = (a: { spanId: string }, b: { spanId: string }) => a.spanId.localeCompare(b.spanId);
    expect(found.toSorted(byId)).toEqual(shown.toSorted(byId));
    expect(sent.map(({ name }) => name)).toContain("POST /users");
  } finally {
    cli.child.kill("SIGINT");
    await cli.exited;
    collector.close();
  }
});

it("refuses to start where spans are to be sent and the exporter is not installed, and says what to type", async () => {
  const hooks = `export const resolve = (specifier, context, next) => {
    if (specifier.startsWith("@opentelemetry/")) throw Object.assign(new Error("missing"), { code: "ERR_MODULE_NOT_FOUND" });
    return next(specifier, context);
  };`;
  const folder = folderWith({
    "hide.mjs": `import { register } from "node:module"; register("data:text/javascript," + encodeURIComponent(${JSON.stringify(hooks)}));`,
  });
  const { code, stderr } = await runProcess(["start", "--topology", "config/one.yaml"], {
    cwd: project.path,
    env: {
      DATA_DIR: `${project.path}/missing`,
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
      NODE_OPTIONS: `--import ${folder.path}/hide.mjs`,
    },
  });
  folder.remove();
  expect(code).toBe(78);
  expect(stderr).toContain("npm install @opentelemetry/sdk-trace");
});
