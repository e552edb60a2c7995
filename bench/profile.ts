import type { Profiler } from "node:inspector";
import { type Place, placeOf } from "./profile-place.js";

/** A part of the time in which one end of a contender was busy. */
export interface Share {
  readonly name: string;
  /** From 0 to 1. */
  readonly share: number;
}

/** Where one process spent its time, itself and not what it called: the largest shares, largest first. */
export interface SelfTime {
  readonly functions: readonly Share[];
  /** By package, or by folder of this project. */
  readonly packages: readonly Share[];
}

const shown = 12;
/** Samples are taken every quarter of a millisecond; one that took so long, in microseconds, is a stall's and nobody's. */
const stallUs = 5_000;

/** Adds up a CPU profile: what was sampled while the process had something to do, apart from what a stall swallowed. */
export function selfTimeOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): SelfTime {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const functions = new Map<string, number>();
  const packages = new Map<string, number>();
  let all = 0;
  const add = (sums: Map<string, number>, name: string, time: number) => sums.set(name, (sums.get(name) ?? 0) + time);
  for (const [index, id] of samples.entries()) {
    const time = timeDeltas[index]!;
    const place: Place | undefined = places.get(id);
    if (place === undefined || time > stallUs) continue;
    all += time;
    add(functions, place.name, time);
    add(packages, place.package, time);
  }
  const largest = (sums: ReadonlyMap<string, number>) =>
    [...sums]
      .map(([name, time]) => ({ name, share: time / all }))
      .toSorted((a, b) => b.share - a.share)
      .slice(0, shown);
  return { functions: largest(functions), packages: largest(packages) };
}
