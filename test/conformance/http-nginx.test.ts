import { afterAll, beforeAll, describe, it } from "vitest";
import { transportCases } from "../../src/testing/transport-conformance.js";
import type { HttpTransport } from "../../transports/http/transport.js";
import { type Nginx, nginxMissing, startNginx } from "../setup/nginx.js";
import { httpSubject, httpTransport } from "./http-subject.js";

/** Serves behind nginx: callers are given nginx's address. */
const behind = (nginx: Nginx, transport: HttpTransport): HttpTransport => ({
  ...transport,
  async serve(_address, handler) {
    const way = nginx.way();
    return { ...(await transport.serve(way.behind, handler)), address: way.front };
  },
});

const missing = nginxMissing();
const title = (form: string) => `the HTTP transport ${form}${missing === undefined ? "" : ` (${missing})`}`;

/** After a batch was handed to nginx nobody can tell any more that there was no server behind it. */
const needsToKnow = new Set([
  "rejects at once with unavailable when the listener has closed",
  "a server that goes away in the middle of a call fails it as unknown",
]);

describe.skipIf(missing !== undefined).each([
  ["behind nginx that passes the Upgrade on", true],
  ["behind nginx with a plain proxy_pass", false],
] as const)(title("%s"), (_form, upgrade) => {
  let nginx: Nginx;
  beforeAll(async () => {
    nginx = await startNginx(60, upgrade);
  });
  afterAll(() => nginx?.stop());

  const { features } = httpTransport("on");
  const subject = httpSubject(() => behind(nginx, httpTransport("on")));
  for (const { title, skip, run } of transportCases) {
    const reason = skip?.(features) ?? (!upgrade && needsToKnow.has(title) ? "nginx does not tell" : undefined);
    if (reason === undefined) it(title, () => run(subject));
    else it.skip(`${title} (${reason})`);
  }
});
