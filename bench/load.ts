import type { Question } from "./work.js";
import { sizes, type Size } from "./work.js";

/** What one round asks for. */
export interface Load {
  readonly inFlight: number;
  readonly size: Size;
  /** Handlers take a random time between nothing and this. */
  readonly paceMs: number;
  readonly durationMs: number;
  /** Calls between two looks at the clock: more than one only where a look costs as much as a call. */
  readonly stride: number;
}

/** What one round gave, at the asking end. Times in microseconds. */
export interface Round {
  readonly calls: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly clientCpu: number;
}

/** A closed loop: `inFlight` lanes, each of which asks again as soon as it is answered. */
export async function drive(call: (question: Question) => Promise<unknown>, load: Load): Promise<Round> {
  const question: Question = { id: "p_keyboard", reviews: sizes[load.size], paceMs: load.paceMs };
  const latencies: number[] = [];
  let calls = 0;
  let last = 0;
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const end = start + load.durationMs;
  const lane = async () => {
    for (let before = start; before < end;) {
      for (let n = load.stride; n > 0; n--) await call(question);
      last = performance.now();
      latencies.push(last - before);
      calls += load.stride;
      before = last;
    }
  };
  await Promise.all(Array.from({ length: load.inFlight }, lane));
  const cpu = process.cpuUsage(cpuBefore);
  const sorted = Float64Array.from(latencies).toSorted();
  const percentile = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]! * 1000) / load.stride;
  return {
    calls,
    perSecond: (calls * 1000) / (last - start),
    p50: percentile(0.5),
    p99: percentile(0.99),
    clientCpu: (cpu.user + cpu.system) / calls,
  };
}
