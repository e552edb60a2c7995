import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readiness } from "../core/gateway.js";
import type { SpansReport, StatusReport } from "./process-report.js";

/** What an admin listener shows: a process of itself, a supervisor of all its processes. */
export interface AdminFace {
  readiness(): Promise<Readiness>;
  status(): Promise<StatusReport>;
  /** In Prometheus' text form. */
  metrics(): Promise<string>;
  /** The spans of a trace, or of the traces of a request. */
  spans(traceOrRequest: string): Promise<SpansReport>;
}

export type AdminAnswer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

const prometheusText = "text/plain; version=0.0.4; charset=utf-8";

/** The answers of an admin listener, by method and path: the same of one process and of a supervisor. */
export const adminAnswers = (face: AdminFace): ReadonlyMap<string, AdminAnswer> =>
  new Map<string, AdminAnswer>([
    ["GET /healthz", (_request, response) => json(response, 200, { status: "ok" })],
    [
      "GET /readyz",
      async (_request, response) => {
        const { waitingFor } = await face.readiness();
        const ready = waitingFor.length === 0;
        json(response, ready ? 200 : 503, { status: ready ? "ready" : "waiting", waitingFor });
      },
    ],
    ["GET /status", async (_request, response) => json(response, 200, await face.status())],
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
        if (id === "") return json(response, 400, { message: "Say which: /spans?trace=ID, of a trace or a request." });
        json(response, 200, await face.spans(id));
      },
    ],
  ]);

export function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(value)}\n`);
}
