import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { asEcs } from "../../src/observability/ecs.js";
import { redacted, withoutSecrets } from "../../src/observability/redact.js";

// What must appear in no line, wherever somebody has put it.
const canary = "canary-7f3a";

/** The lines that a process prints which runs this code with a logger. */
function linesOf(format: string, code: string): string {
  const module = fileURLToPath(new URL("../../dist/src/observability/pino-logger.js", import.meta.url));
  const ambient = fileURLToPath(new URL("../../dist/src/observability/ambient.js", import.meta.url));
  const script = `
    import { createLogger } from ${JSON.stringify(module)};
    import { createAmbient } from ${JSON.stringify(ambient)};
    const ambient = createAmbient();
    const logger = createLogger({ level: "debug", format: "${format}", fields: { process: "p" }, current: () => ambient.fields() });
    ${code}`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout;
}

const leaks = `
  const secret = "${canary}";
  class Refused extends Error { config = { headers: { authorization: secret } }; }
  const error = new Refused("cannot reach postgres://shop:" + secret + "@db:5432/shop", {
    cause: new Error("rediss://default:" + secret + "@h:1"),
  });
  logger.error("It failed at postgres://shop:" + secret + "@db/shop with Bearer " + secret, { error });
  logger.info("x", { password: secret, user: { dbPassword: secret, Api_Key: secret, list: [{ cookie: secret }] } });
  logger.info("x", { request: { headers: { Authorization: secret, "set-cookie": [secret], "x-api-key": secret } } });
  logger.child({ clientSecret: secret, accessToken: secret }).warn("x", { url: "http://a:" + secret + "@h/" });
`;

describe("the logger", () => {
  it.each(["json", "text", "ecs"])("lets no secret out as %s", (format) => {
    const lines = linesOf(format, leaks);
    expect(lines.trim().split("\n").length).toBeGreaterThanOrEqual(4);
    expect(lines).not.toContain(canary);
    expect(lines).toContain("db:5432/shop");
  });

  it("writes the trace of the call in hand on every line, also after waiting, and of no other", () => {
    const text = linesOf(
      "json",
      `const context = (n) => ({ headers: { traceparent: "00-" + String(n).repeat(32) + "-" + "b".repeat(16) + "-01", "x-request-id": "r" + n } });
       const work = async (n) => { await null; await new Promise((r) => setTimeout(r, 5)); logger.child({ module: "m" }).info("work " + n); };
       await Promise.all([1, 2].map((n) => ambient.within(context(n), () => work(n))));
       logger.info("outside");`,
    );
    const lines = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const n of [1, 2]) {
      expect(lines.find(({ msg }) => msg === `work ${n}`)).toMatchObject({
        level: "info",
        process: "p",
        module: "m",
        traceId: String(n).repeat(32),
        requestId: `r${n}`,
      });
    }
    expect(lines.find(({ msg }) => msg === "outside")).not.toHaveProperty("traceId");
  });

  it("writes lines of the Elastic Common Schema where that is asked for", () => {
    const line = JSON.stringify({
      level: "warn",
      time: "t",
      msg: "m",
      process: "p",
      module: "o",
      traceId: "a",
      saga: "s",
      durationMs: 1.5,
    });
    expect(JSON.parse(asEcs(line))).toEqual({
      "@timestamp": "t",
      "log.level": "warn",
      message: "m",
      "service.node.name": "p",
      "service.name": "o",
      "trace.id": "a",
      "event.duration": 1_500_000,
      "ecs.version": "8.11.0",
      pangaea: { saga: "s" },
    });
  });

  it("leaves alone what is no secret", () => {
    const fields = { key: "k", at: new Date(0), big: 1n, nested: { tries: 3 } };
    expect(redacted(fields)).toEqual(fields);
    expect(withoutSecrets("see http://host:80/a@b and a:b@c")).toBe("see http://host:80/a@b and a:b@c");
  });
});
