import type { Readiness } from "../core/gateway.js";
import type { SpansReport, StatusReport } from "./process-report.js";
import { type AdminHandler, answerJson } from "./supervisor-admin.js";

/** What an admin listener shows: a process of itself, a supervisor of all its processes. */
export interface AdminFace {
  readiness(): Promise<Readiness>;
  status(): Promise<StatusReport>;
  /** In Prometheus' text form. */
  metrics(): Promise<string>;
  /** The spans of a trace, or of the traces of a request. */
  spans(traceOrRequest: string): Promise<SpansReport>;
}

const prometheusText = "text/plain; version=0.0.4; charset=utf-8";

/** The answers of an admin listener, by method and path: the same of one process and of a supervisor. */
export const adminAnswers = (face: AdminFace): ReadonlyMap<string, AdminHandler> =>
  new Map<string, AdminHandler>([
    ["GET /healthz", (_request, response) => answerJson(response, 200, { status: "ok" })],
    [
      "GET /readyz",
      async (_request, response) => {
        const { waitingFor } = await face.readiness();
        const ready = waitingFor.length === 0;
        answerJson(response, ready ? 200 : 503, { status: ready ? "ready" : "waiting", waitingFor });
      },
    ],
    ["GET /status", async (_request, response) => answerJson(response, 200, await face.status())],
    [
      "GET /metrics",
      async (_request, response) => {
        const text = await face.metrics();
        response.writeHead(200, { "content-type": prometheusText }).end(text);
      },
    ],
    [
      "GET /spans",
      async (request, response) => {
        const id = new URL(request.url!, "http://admin").searchParams.get("trace") ?? "";
        if (id === "")
          return answerJson(response, 400, { message: "Say which: /spans?trace=ID, of a trace or a request." });
        answerJson(response, 200, await face.spans(id));
      },
    ],
  ]);
