import type { CallContext, Context, Headers } from "./context.js";
import type { Ids } from "./ids.js";

/**
 * What a piece of a request's way is: a request at the edge, a call as its caller sees it (it leaves the process), as the
 * service sees it, or one that never leaves the process; the handling of an event; a step of a saga.
 */
export type SpanKind = "edge" | "client" | "server" | "local" | "event" | "step";

export interface SpanFields {
  readonly traceId: string;
  /** The span within which this one began: itself, or its id where it is in another process or has ended long ago. */
  readonly parent: Span | string | undefined;
  readonly kind: SpanKind;
  readonly service: string;
  readonly method: string;
  /** On its clock's `now`. */
  readonly startedAt: number;
  /** What tells it from others of its kind: a request's id, an event's, a saga's. */
  readonly detail?: string | undefined;
}

/** A piece of a request's way that is recorded: who did what, from when to when, and how it ended. */
export class Span {
  readonly traceId: string;
  readonly parent: Span | string | undefined;
  readonly kind: SpanKind;
  readonly service: string;
  readonly method: string;
  readonly startedAt: number;
  readonly detail: string | undefined;
  endedAt: number | undefined;
  code: string | undefined;
  /** Made when somebody needs it: most spans are never looked at. */
  id: string | undefined;

  constructor({ traceId, parent, kind, service, method, startedAt, detail }: SpanFields) {
    this.traceId = traceId;
    this.parent = parent;
    this.kind = kind;
    this.service = service;
    this.method = method;
    this.startedAt = startedAt;
    this.detail = detail;
    this.endedAt = undefined;
    this.code = undefined;
    this.id = undefined;
  }
}

/** The id by which others know a span. */
export const spanId = (span: Span, ids: Ids): string => (span.id ??= ids.hex(8));

/** What begins, before it is known whether it is recorded. */
export type Beginning = Omit<SpanFields, "traceId" | "parent" | "startedAt">;

/** Records the ways of requests through this process. */
export interface Tracer {
  /**
   * Gives work that enters this process, and everything done in its context, a span: in the trace that the context's
   * `traceparent` names, else in a new one. The context has none where that trace is not to be recorded.
   */
  begin(context: Context, beginning: Beginning): void;
  /** Takes a span that has come to its end: `code` is `ok` or that of the error. */
  end(span: Span, code: string): void;
}

const pattern = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** What a `traceparent` of the W3C says; undefined where it is none. */
export function traceOf(
  traceparent: string | undefined,
):
  | { readonly traceId: string; readonly spanId: string; readonly flags: string; readonly sampled: boolean }
  | undefined {
  const match = traceparent === undefined ? null : pattern.exec(traceparent);
  if (match === null) return undefined;
  const [, traceId, id, flags] = match as unknown as [string, string, string, string];
  return { traceId, spanId: id, flags, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Whether a `traceparent` says that its trace is not recorded: then it need not be read. The last digit holds that flag. */
export const isUnrecorded = (traceparent: string | undefined): boolean =>
  traceparent !== undefined && traceparent.length === 55 && "02468ace".includes(traceparent.charAt(54));

/** The trace that stored headers, as JSON, belong to: of what caused an event or began a saga. */
export const storedTraceId = (headers: string): string | undefined =>
  traceOf((JSON.parse(headers) as Record<string, string>).traceparent)?.traceId;

/** The next hop's `traceparent` (W3C Trace Context): the same trace, a new span; a new trace where there was none. */
function nextTraceparent(current: string | undefined, ids: Ids): string {
  const trace = traceOf(current);
  return `00-${trace?.traceId ?? ids.hex(16)}-${ids.hex(8)}-${trace?.flags ?? "01"}`;
}

/** Headers whose `traceparent` is the context's own span, or, where that is not recorded, a new one of the same trace. */
export const spanHeaders =
  (ids: Ids) =>
  (headers: Headers, { span }: Pick<Context, "span">): Headers => ({
    ...headers,
    traceparent:
      span === undefined ? nextTraceparent(headers.traceparent, ids) : `00-${span.traceId}-${spanId(span, ids)}-01`,
  });

/** What a log line says of the request that it belongs to. */
export function traceFields({ headers }: CallContext): Record<string, string> {
  const trace = traceOf(headers.traceparent);
  const requestId = headers["x-request-id"];
  return {
    ...(trace === undefined ? undefined : { traceId: trace.traceId, spanId: trace.spanId }),
    ...(requestId === undefined ? undefined : { requestId }),
  };
}

/** Runs the code of a module within a call, for whoever asks what is being handled without having been told: log lines. */
export type Within = <T>(context: CallContext, run: () => T) => T;
