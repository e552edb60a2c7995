import type { ShownSpan } from "../observability/span-ring.js";
import type { SpansReport } from "../runtime/process-report.js";
import { type AdminOptions, asking, fromAdmin } from "./admin-answers.js";
import { jsonText, table } from "./table.js";

/** Prints the way of one request through all processes, with its events and the steps of its sagas. */
export const showTrace = (id: string, options: AdminOptions): Promise<number> =>
  asking(async () => {
    const report = await fromAdmin<SpansReport>(options, `/spans?trace=${encodeURIComponent(id)}`);
    if (options.json === true) {
      process.stdout.write(jsonText(report));
      return report.spans.length === 0 ? 1 : 0;
    }
    if (report.silent.length > 0) process.stderr.write(`These could not be asked: ${report.silent.join(", ")}\n`);
    if (report.spans.length === 0) {
      process.stderr.write(
        `Nothing is known of ${id}: give a trace id or an x-request-id; each process keeps its last few thousand spans.\n`,
      );
      return 1;
    }
    process.stdout.write(`${describe(report.spans)}\n`);
    return 0;
  });

interface Node {
  readonly span: ShownSpan;
  readonly children: Node[];
}

/** The spans as trees: what was caused stands below its cause, in the order of time. */
function treesOf(spans: readonly ShownSpan[]): Node[] {
  const nodes = new Map(spans.map((span) => [span.id, { span, children: [] as Node[] }]));
  const roots: Node[] = [];
  for (const node of nodes.values()) {
    const parent = node.span.parentId === null ? undefined : nodes.get(node.span.parentId);
    // What has been forgotten, or happened outside, leaves its children at the top.
    (parent === undefined ? roots : parent.children).push(node);
  }
  return roots;
}

const end = ({ startedAt, durationMs }: ShownSpan): number => startedAt + durationMs;

/** How long a piece was at it itself, in milliseconds: its time without that of what it caused meanwhile. */
function ownMs({ span, children }: Node): number {
  let covered = 0;
  let until = span.startedAt;
  for (const { span: child } of children.toSorted((a, b) => a.span.startedAt - b.span.startedAt)) {
    const from = Math.max(child.startedAt, until);
    const to = Math.min(end(child), end(span));
    if (to <= from) continue;
    covered += to - from;
    until = to;
  }
  return Math.max(0, span.durationMs - covered);
}

const ms = (length: number): string => `${length < 10 ? length.toFixed(1) : Math.round(length)} ms`;

const whatOf: Record<ShownSpan["kind"], (span: ShownSpan) => string> = {
  edge: ({ method }) => method,
  client: ({ service, method }) => `-> ${service}.${method}`,
  server: ({ service, method }) => `${service}.${method}`,
  local: ({ service, method }) => `${service}.${method}`,
  event: ({ service, method }) => `event ${method} at ${service}`,
  step: ({ service, method, detail }) => `saga ${method} of ${service}${detail === null ? "" : ` (${detail})`}`,
};

function describe(spans: readonly ShownSpan[]): string {
  const began = Math.min(...spans.map(({ startedAt }) => startedAt));
  const lines: { readonly node: Node; readonly depth: number }[] = [];
  const walk = (node: Node, depth: number) => {
    lines.push({ node, depth });
    for (const child of node.children.toSorted((a, b) => a.span.startedAt - b.span.startedAt)) walk(child, depth + 1);
  };
  for (const root of treesOf(spans)) walk(root, 0);
  const slowest = lines.reduce((most, { node }) => Math.max(most, ownMs(node)), 0);
  const rows = lines.map(({ node, depth }) => [
    `${"  ".repeat(depth)}${whatOf[node.span.kind](node.span)}`,
    node.span.process,
    `+${ms(node.span.startedAt - began)}`,
    ms(node.span.durationMs),
    ms(ownMs(node)),
    `${node.span.code}${ownMs(node) === slowest ? "  <- most of the time" : ""}`,
  ]);
  const request = spans.find(({ kind, detail }) => kind === "edge" && detail !== null)?.detail;
  const head = `trace ${spans[0]!.traceId}${request === undefined ? "" : `, request ${request}`}`;
  return `${head}\n\n${table(["what", "process", "began", "took", "of it itself", "ended"], rows)}`;
}
