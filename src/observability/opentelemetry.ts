import type * as Api from "@opentelemetry/api";
import type { Attributes, Context, SpanKind as OtelKind, Tracer } from "@opentelemetry/api";
import type { SpanKind } from "../core/span.js";
import type { ShownSpan, SpanRing } from "./span-ring.js";

export interface OpenTelemetryOptions {
  readonly spans: SpanRing;
  /** The process's name: OpenTelemetry's `service.name`, where the environment has no other. */
  readonly process: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The environment asks for something whose package is not installed. */
export class PackageMissing extends Error {
  override name = "PackageMissing";
}

/** Where OpenTelemetry's API keeps what somebody has configured before this program was loaded. */
const globalApi = Symbol.for("opentelemetry.js.api.1");

/**
 * Gives spans on to OpenTelemetry as they end: over OTLP to the collector that `OTEL_EXPORTER_OTLP_ENDPOINT` names, with
 * the ids that they have here, or else to whatever tracer has been configured before (`--import`), which gives ids of its
 * own. Loads nothing where neither is there. The returned function sends what is left and ends it.
 */
export async function giveToOpenTelemetry(options: OpenTelemetryOptions): Promise<() => Promise<void>> {
  const { spans, env } = options;
  if (env.OTEL_EXPORTER_OTLP_ENDPOINT) return exportOverOtlp(options);
  const configured = (globalThis as Record<symbol, { readonly trace?: unknown } | undefined>)[globalApi]?.trace;
  if (configured === undefined) return () => Promise.resolve();
  const api = await import("@opentelemetry/api");
  const stop = spans.follow(writer(api, api.trace.getTracer("pangaea")));
  return () => Promise.resolve(stop());
}

async function exportOverOtlp({ spans, process, env }: OpenTelemetryOptions): Promise<() => Promise<void>> {
  const { api, sdk, exporter, resources } = await loadPackages();
  let current: ShownSpan | undefined;
  const provider = new sdk.TracerProvider({
    resource: resources.resourceFromAttributes({ "service.name": env.OTEL_SERVICE_NAME || process }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter: new exporter.OTLPTraceExporter() })],
    // A span must have the id by which others have named it already.
    idGenerator: { generateTraceId: () => current!.traceId, generateSpanId: () => current!.id },
  });
  const write = writer(api, provider.getTracer("pangaea"));
  const stop = spans.follow((span) => {
    current = span;
    write(span);
  });
  return async () => {
    stop();
    await provider.shutdown().catch(() => undefined);
  };
}

async function loadPackages() {
  try {
    const [api, sdk, exporter, resources] = await Promise.all([
      import("@opentelemetry/api"),
      import("@opentelemetry/sdk-trace"),
      import("@opentelemetry/exporter-trace-otlp-http"),
      import("@opentelemetry/resources"),
    ]);
    return { api, sdk, exporter, resources };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new PackageMissing(
      "OTEL_EXPORTER_OTLP_ENDPOINT: the exporter is not installed; type: npm install @opentelemetry/sdk-trace @opentelemetry/exporter-trace-otlp-http @opentelemetry/resources",
      { cause: error },
    );
  }
}

/** Writes spans that have ended with a tracer. */
function writer(api: typeof Api, tracer: Tracer): (span: ShownSpan) => void {
  const kinds: Record<SpanKind, OtelKind> = {
    edge: api.SpanKind.SERVER,
    client: api.SpanKind.CLIENT,
    server: api.SpanKind.SERVER,
    local: api.SpanKind.INTERNAL,
    event: api.SpanKind.CONSUMER,
    step: api.SpanKind.INTERNAL,
  };
  const contextOf = ({ traceId, parentId, kind }: ShownSpan): Context =>
    parentId === null
      ? api.ROOT_CONTEXT
      : api.trace.setSpanContext(api.ROOT_CONTEXT, {
          traceId,
          spanId: parentId,
          traceFlags: api.TraceFlags.SAMPLED,
          isRemote: kind === "server" || kind === "event",
        });
  return (shown) => {
    const { kind, service, method, startedAt, durationMs, code } = shown;
    const name = kind === "edge" || kind === "step" ? method : `${service}/${method}`;
    const span = tracer.startSpan(
      name,
      { kind: kinds[kind], startTime: startedAt, attributes: attributesOf(shown) },
      contextOf(shown),
    );
    if (code !== "ok") span.setStatus({ code: api.SpanStatusCode.ERROR, message: code });
    span.end(startedAt + durationMs);
  };
}

function attributesOf({ kind, service, method, code, detail, id, process }: ShownSpan): Attributes {
  const more: Attributes = { "pangaea.process": process, "pangaea.span_id": id };
  if (detail !== null) more["pangaea.detail"] = detail;
  if (kind === "edge") {
    const [verb, route] = method.split(" ") as [string, string];
    return { "http.request.method": verb, "http.route": route, ...more };
  }
  return {
    "rpc.system": "pangaea",
    "rpc.service": service,
    "rpc.method": method,
    "rpc.response.status_code": code,
    ...more,
  };
}
