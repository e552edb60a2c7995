import { type Ids, rootContext, traceOf } from "pangaea";
import { expect, it } from "vitest";
import { tracing } from "../../src/interceptors/tracing.js";
import { SpanRing } from "../../src/observability/span-ring.js";
import { HandClock } from "./hand-clock.js";

const clock = new HandClock();
let last = 0;
const ids: Ids = { uuid: () => "u", hex: (bytes) => (++last).toString(16).padStart(2 * bytes, "0") };
const trace = "a".repeat(32);
const from = (flags: string) => ({ traceparent: `00-${trace}-${"b".repeat(16)}-${flags}` });
const ring = (more = {}) => new SpanRing({ process: "p", clock, ids, ...more });
const edge = { kind: "edge", service: "gateway", method: "GET /x", detail: "request-1" } as const;

it("records work within the span that its headers name, and hands its own on", () => {
  const spans = ring();
  const context = rootContext(clock, 1_000, { headers: from("01") });
  spans.begin(context, edge);
  const { traceId, spanId } = traceOf(context.headers.traceparent)!;
  spans.end(context.span!, "ok");
  expect(spans.find(trace)).toMatchObject([
    { traceId, id: spanId, parentId: "b".repeat(16), code: "ok", process: "p" },
  ]);
});

it("records nothing of a trace that its beginner does not record, and says so further on", () => {
  const spans = ring();
  const context = rootContext(clock, 1_000, { headers: from("00") });
  spans.begin(context, edge);
  expect(context.span).toBeUndefined();
  expect(traceOf(context.headers.traceparent)).toMatchObject({ traceId: trace, sampled: false });
});

it("begins as large a share of traces as it is told, and lets nobody further on begin the others", () => {
  const spans = ring({ share: 0.25 });
  const contexts = Array.from({ length: 8 }, () => rootContext(clock, 1_000));
  for (const context of contexts) spans.begin(context, edge);
  expect(contexts.filter(({ span }) => span !== undefined)).toHaveLength(2);
  for (const { span, headers } of contexts) expect(traceOf(headers.traceparent)?.sampled).toBe(span !== undefined);
});

it("begins all of them, up to a hundred a second, where nobody says how many", () => {
  const spans = ring();
  const begun = (count: number) => {
    const contexts = Array.from({ length: count }, () => rootContext(clock, 1_000));
    for (const context of contexts) spans.begin(context, edge);
    return contexts.filter(({ span }) => span !== undefined).length;
  };
  expect(begun(40)).toBe(40);
  expect(begun(40)).toBe(10);
  clock.advance(100);
  expect(begun(40)).toBe(10);
  clock.advance(60_000);
  expect(begun(400)).toBe(50);
  expect(begun(1)).toBe(0);
});

it("gives what it does not record to the next hop under the trace it came with", () => {
  const spans = ring();
  const context = rootContext(clock, 1_000, { headers: from("02") });
  spans.begin(context, edge);
  expect(context.span).toBeUndefined();
  expect(context.headers.traceparent).toMatch(new RegExp(`^00-${trace}-(?!b{16})[0-9a-f]{16}-02$`));
});

it("finds a trace by the id of its request, with the calls inside the process", () => {
  const spans = ring();
  const context = rootContext(clock, 1_000);
  spans.begin(context, edge);
  const inner = context.child(500);
  const layer = tracing(ids, false, spans);
  const call = layer.enter!({
    kind: "request",
    service: "s",
    version: 1,
    method: "m",
    input: {},
    effect: "read",
    attempt: 1,
    caller: "gateway",
    context: inner,
  });
  clock.advance(5);
  layer.fail!(new Error("x"), call);
  clock.advance(1);
  spans.end(context.span!, "ok");
  const [outer, local] = spans.find("request-1");
  expect(local).toMatchObject({ kind: "local", parentId: outer!.id, durationMs: 5, code: "internal" });
  expect(spans.find("request-2")).toEqual([]);
});

it("keeps the last ones only", () => {
  const spans = ring({ size: 3 });
  for (let n = 0; n < 10; n++) {
    const context = rootContext(clock, 1_000, { headers: from("01") });
    spans.begin(context, { ...edge, detail: String(n) });
    spans.end(context.span!, "ok");
    spans.end(context.span!, "late");
  }
  expect(spans.find(trace).map(({ detail, code }) => [detail, code])).toEqual([
    ["7", "ok"],
    ["8", "ok"],
    ["9", "ok"],
  ]);
});
