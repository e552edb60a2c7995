/** Eight buckets for each doubling: a bucket is an eighth of its lower end wide. */
const stepsPerDoubling = 8;
const bucketCount = 29 * stepsPerDoubling;
const maxMicros = 2 ** 31 - 1;

/** The bucket of a length in microseconds. */
function bucketOf(micros: number): number {
  if (micros < stepsPerDoubling) return micros;
  const exponent = 31 - Math.clz32(micros);
  return (exponent - 2) * stepsPerDoubling + ((micros >> (exponent - 3)) & 7);
}

/** Where a bucket begins, in microseconds. */
function lowerEnd(bucket: number): number {
  if (bucket < stepsPerDoubling) return bucket;
  const doubling = Math.floor(bucket / stepsPerDoubling);
  return (stepsPerDoubling + (bucket % stepsPerDoubling)) * 2 ** (doubling - 1);
}

/** Upper ends in microseconds, each the beginning of a bucket, so that their counts are exact. */
const shownEnds: readonly number[] = [4, 6, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24].map(
  (power) => 2 ** power,
);

/** How long things took, as counts; taken at one moment. */
export interface Counts {
  readonly counts: ArrayLike<number>;
  readonly count: number;
  /** Milliseconds. */
  readonly sumMs: number;
}

const nothing: Counts = { counts: new Float64Array(bucketCount), count: 0, sumMs: 0 };

/** The length, in milliseconds, that `share` (0 to 1) of what was counted did not exceed; undefined of nothing. */
export function quantileMs({ counts, count }: Omit<Counts, "sumMs">, share: number): number | undefined {
  if (count <= 0) return undefined;
  let left = share * count;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    const here = counts[bucket]!;
    if (here === 0 || (left -= here) > 0) continue;
    const from = lowerEnd(bucket);
    return (from + (lowerEnd(bucket + 1) - from) * (1 + left / here)) / 1_000;
  }
  return undefined;
}

/** The counts of several, together. */
export function sumOf(all: Iterable<Counts>): Counts {
  const counts = new Float64Array(bucketCount);
  let count = 0;
  let sumMs = 0;
  for (const each of all) {
    for (let bucket = 0; bucket < bucketCount; bucket++) counts[bucket]! += each.counts[bucket]!;
    count += each.count;
    sumMs += each.sumMs;
  }
  return { counts, count, sumMs };
}

function between(before: Counts, after: Counts): Counts {
  const counts = new Float64Array(bucketCount);
  for (let bucket = 0; bucket < bucketCount; bucket++) counts[bucket] = after.counts[bucket]! - before.counts[bucket]!;
  return { counts, count: after.count - before.count, sumMs: after.sumMs - before.sumMs };
}

/** A histogram on a logarithmic scale, made once and only added to; and what was new in it since the mark before last. */
export class Times implements Counts {
  readonly counts = new Float64Array(bucketCount);
  count = 0;
  sumMs = 0;
  #older = nothing;
  #newer = nothing;

  /** Counts a length as often as `weight` says: of those like it, so many were not looked at. */
  add(milliseconds: number, weight: number): void {
    const micros = Math.min(Math.max(0, milliseconds * 1_000), maxMicros) | 0;
    this.counts[bucketOf(micros)]! += weight;
    this.count += weight;
    this.sumMs += milliseconds * weight;
  }

  /** Forgets the older mark and sets a new one. */
  mark(): void {
    this.#older = this.#newer;
    if (this.count !== this.#newer.count)
      this.#newer = { counts: this.counts.slice(), count: this.count, sumMs: this.sumMs };
  }

  /** What came since the older of the two marks. */
  recent(): Counts {
    return between(this.#older, this);
  }

  /** Upper ends in seconds, and how many were below each. */
  *cumulative(): Iterable<readonly [endSeconds: number, count: number]> {
    let bucket = 0;
    let sum = 0;
    for (const end of shownEnds) {
      for (; bucket < bucketCount && lowerEnd(bucket) < end; bucket++) sum += this.counts[bucket]!;
      yield [end / 1_000_000, sum];
    }
  }
}
