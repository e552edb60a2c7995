import type { Clock } from "../core/clock.js";
import { isFault } from "../core/code.js";
import type { Answered, Begun, Meter, MeterKind, Meters } from "../core/meter.js";
import { type Counts, quantileMs, sumOf, Times } from "./times.js";

/** So many calls of a procedure are timed between two marks, whatever they cost; of further ones every sixteenth. */
const timedPerMark = 1_000;
const sampleMask = 15;
const sampleWeight = 16;
/** Figures of the present are those since the older of two marks: of the last five to ten seconds. */
const markMs = 5_000;

const isFailure = (kind: MeterKind, code: string): boolean => (kind === "edge" ? code >= "500" : isFault(code));

/** One procedure as seen from one side, or one route of the edge. */
export class CallMeter implements Meter {
  pending = 0;
  readonly #ok = new Times();
  readonly #byCode = new Map([["ok", this.#ok]]);
  #budget = timedPerMark;
  #skipped = 0;

  constructor(
    readonly kind: MeterKind,
    readonly service: string,
    readonly method: string,
  ) {}

  begin(): void {
    this.pending++;
  }

  end(code: string, { clock, madeAt }: Begun): void {
    this.pending--;
    if (code !== "ok") {
      this.#timesOf(code).add(clock.now() - madeAt, 1);
    } else if (this.#budget > 0) {
      this.#budget--;
      this.#ok.add(clock.now() - madeAt, 1);
    } else if ((++this.#skipped & sampleMask) === 0) {
      this.#ok.add(clock.now() - madeAt, sampleWeight);
    }
  }

  /** The times by code. */
  get times(): Iterable<readonly [code: string, times: Times]> {
    return this.#byCode;
  }

  mark(): void {
    this.#budget = timedPerMark;
    for (const times of this.#byCode.values()) times.mark();
  }

  #timesOf(code: string): Times {
    let times = this.#byCode.get(code);
    if (times === undefined) this.#byCode.set(code, (times = new Times()));
    return times;
  }
}

/** What calls are like at present. */
export interface Rates {
  readonly perSecond: number;
  /** Of those, how many ended with a fault of the system; a refusal that the contract declares is none. */
  readonly errorsPerSecond: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Faults by code, of the same seconds. */
  readonly errors: Readonly<Record<string, number>>;
}

/** The meters of one process. */
export class CallMeters implements Meters {
  readonly #meters = new Map<string, CallMeter>();
  readonly #clock: Clock;
  #olderMark: number;
  #newerMark: number;
  #cancel = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#olderMark = this.#newerMark = clock.now();
    this.#markLater();
  }

  of(kind: MeterKind, service: string, method: string): CallMeter {
    const key = `${kind} ${service} ${method}`;
    let meter = this.#meters.get(key);
    if (meter === undefined) this.#meters.set(key, (meter = new CallMeter(kind, service, method)));
    return meter;
  }

  get all(): Iterable<CallMeter> {
    return this.#meters.values();
  }

  /** What these have seen in the last five to ten seconds. */
  rates(meters: Iterable<CallMeter>): Rates {
    const seconds = Math.max((this.#clock.now() - this.#olderMark) / 1_000, 0.001);
    const all: Counts[] = [];
    const errors: Record<string, number> = {};
    let failed = 0;
    for (const meter of meters) {
      for (const [code, times] of meter.times) {
        const recent = times.recent();
        if (recent.count === 0) continue;
        all.push(recent);
        if (!isFailure(meter.kind, code)) continue;
        failed += recent.count;
        errors[code] = (errors[code] ?? 0) + recent.count;
      }
    }
    const sum = sumOf(all);
    return {
      perSecond: sum.count / seconds,
      errorsPerSecond: failed / seconds,
      p50Ms: quantileMs(sum, 0.5) ?? null,
      p99Ms: quantileMs(sum, 0.99) ?? null,
      errors,
    };
  }

  /** What those outside have been answered: requests at the edge, where the process has one, else calls. */
  answered(): Answered {
    const all = [...this.#meters.values()];
    const edge = all.filter(({ kind }) => kind === "edge");
    const ended = (edge.length > 0 ? edge : all.filter(({ kind }) => kind === "server")).flatMap(({ kind, times }) =>
      [...times].map(([code, each]) => ({ isFailed: isFailure(kind, code), each })),
    );
    const { count, counts } = sumOf(ended.map(({ each }) => each));
    const failed = ended.reduce((sum, { isFailed, each }) => sum + (isFailed ? each.count : 0), 0);
    return { calls: count, failed, latencies: Array.from(counts) };
  }

  close(): void {
    this.#cancel();
  }

  #markLater(): void {
    this.#cancel = this.#clock.after(markMs, () => {
      for (const meter of this.#meters.values()) meter.mark();
      this.#olderMark = this.#newerMark;
      this.#newerMark = this.#clock.now();
      this.#markLater();
    });
  }
}
