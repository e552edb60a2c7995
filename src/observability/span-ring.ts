import type { Clock } from "../core/clock.js";
import type { Context, Headers } from "../core/context.js";
import type { Ids } from "../core/ids.js";
import { type Beginning, isUnrecorded, Span, spanHeaders, spanId, traceOf, type Tracer } from "../core/span.js";

/** A span as others are shown it. */
export interface ShownSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId: string | null;
  readonly kind: Span["kind"];
  readonly service: string;
  readonly method: string;
  /** Epoch milliseconds, with fractions. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly code: string;
  readonly detail: string | null;
  /** The process that recorded it. */
  readonly process: string;
}

export interface SpanRingOptions {
  readonly process: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Of the traces that begin here, this share is recorded; by default all of them, up to a hundred a second. */
  readonly share?: number | undefined;
  /** How many spans are kept. */
  readonly size?: number;
}

const usualSize = 8_192;
/**
 * So many new traces a second, where nobody says otherwise: more would push each other out of the ring before anybody
 * could look, and each costs about as much as its call. Saved up for a moment, so that a few at once are all there.
 */
const usualPerSecond = 100;
const savedUp = 50;
/** What is slow now is what was slow in so long. */
const slowWithinMs = 60_000;

/** Records spans, and keeps the last few thousand. */
export class SpanRing implements Tracer {
  readonly #options: SpanRingOptions;
  readonly #kept: (Span | undefined)[];
  readonly #share: number | undefined;
  readonly #derive;
  readonly #deriveUnrecorded;
  #next = 0;
  #begun = 0;
  #left = savedUp;
  #leftAt = Number.NEGATIVE_INFINITY;
  readonly #sinks = new Set<(span: ShownSpan) => void>();

  constructor(options: SpanRingOptions) {
    this.#options = options;
    const { ids } = options;
    this.#share = options.share;
    this.#derive = spanHeaders(ids);
    // Nobody further on is to begin with it either.
    this.#deriveUnrecorded = (headers: Headers): Headers => {
      const random = ids.hex(24);
      return { ...headers, traceparent: `00-${random.slice(0, 32)}-${random.slice(32)}-00` };
    };
    this.#kept = Array.from({ length: options.size ?? usualSize });
  }

  begin(context: Context, beginning: Beginning): void {
    const { traceparent } = context.headers;
    if (isUnrecorded(traceparent)) return context.deriveHeaders(this.#derive);
    const trace = traceOf(traceparent);
    const { madeAt: startedAt } = context;
    const { ids } = this.#options;
    if (trace !== undefined) {
      context.span = new Span({ ...beginning, startedAt, traceId: trace.traceId, parent: trace.spanId });
    } else if (this.#isChosen(startedAt)) {
      context.span = new Span({ ...beginning, startedAt, traceId: ids.hex(16), parent: undefined });
    } else {
      return context.deriveHeaders(this.#deriveUnrecorded);
    }
    context.deriveHeaders(this.#derive);
  }

  end(span: Span, code: string): void {
    if (span.endedAt !== undefined) return;
    span.endedAt = this.#options.clock.now();
    span.code = code;
    this.#kept[this.#next] = span;
    this.#next = (this.#next + 1) % this.#kept.length;
    if (this.#sinks.size > 0) for (const sink of this.#sinks) sink(this.#shown(span));
  }

  /** Gives each span on when it ends; the returned function stops that. */
  follow(sink: (span: ShownSpan) => void): () => void {
    this.#sinks.add(sink);
    return () => this.#sinks.delete(sink);
  }

  /** The spans of a trace, or of the traces of a request, that are still kept; those that began first, first. */
  find(traceOrRequest: string): ShownSpan[] {
    const spans = [...this.#all()];
    const traces = new Set(
      spans
        .filter((span) => span.traceId === traceOrRequest || (span.kind === "edge" && span.detail === traceOrRequest))
        .map((span) => span.traceId),
    );
    return spans
      .filter((span) => traces.has(span.traceId))
      .map((span) => this.#shown(span))
      .toSorted((a, b) => a.startedAt - b.startedAt || b.durationMs - a.durationMs);
  }

  /** The slowest of the last minute among those that `isMeant` says, the slowest first. */
  slowest(count: number, isMeant: (span: Span) => boolean): ShownSpan[] {
    const since = this.#options.clock.now() - slowWithinMs;
    return [...this.#all()]
      .filter((span) => span.endedAt! >= since && isMeant(span))
      .toSorted((a, b) => b.endedAt! - b.startedAt - (a.endedAt! - a.startedAt))
      .slice(0, count)
      .map((span) => this.#shown(span));
  }

  /** In even steps, so that nothing is random about which they are: of a share of a tenth every tenth. */
  #isChosen(now: number): boolean {
    if (this.#share === undefined) {
      this.#left = Math.min(savedUp, this.#left + ((now - this.#leftAt) * usualPerSecond) / 1_000);
      this.#leftAt = now;
      if (this.#left < 1) return false;
      this.#left--;
      return true;
    }
    const before = Math.floor(this.#begun * this.#share);
    return Math.floor(++this.#begun * this.#share) > before;
  }

  /** The oldest first. */
  *#all(): Iterable<Span> {
    const { length } = this.#kept;
    for (let at = 0; at < length; at++) {
      const span = this.#kept[(this.#next + at) % length];
      if (span !== undefined) yield span;
    }
  }

  #shown(span: Span): ShownSpan {
    const { clock, ids, process } = this.#options;
    const { traceId, parent, kind, service, method, startedAt, endedAt, code, detail } = span;
    const wallOffset = clock.wallTime() - clock.now();
    return {
      traceId,
      id: spanId(span, ids),
      parentId: parent === undefined ? null : typeof parent === "string" ? parent : spanId(parent, ids),
      kind,
      service,
      method,
      startedAt: startedAt + wallOffset,
      durationMs: endedAt! - startedAt,
      code: code!,
      detail: detail ?? null,
      process,
    };
  }
}
