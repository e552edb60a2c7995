import type { Figures } from "./trial.js";
import type { RollingRestart } from "./rolling-restart.js";
import type { Noticed } from "./sick-neighbour.js";
import { percentile } from "../chaos/report.js";

/** What the faults may cost at most. */
const limits = { lateMs: 100, attemptsRatio: 1.2, recoveryMs: 10_000, memoryMb: 400, slowerTimes: 2 };
/** Below that nobody notices, and what is measured is the machine. */
const noticeableMs = 20;
/** A process cannot be back sooner than it starts: so many times as long as the whole system's start, where that is more. */
const startsToRecover = 3;
/** Where this process itself was kept waiting for so long, whoever was late may have been as well. */
const stallMs = 300;

/** Where the machine stood still for a greater share of the time, that something was in time proves nothing. */
const maxStillShare = 0.1;

export const headings = [
  [
    "layout",
    "fault",
    "requests",
    "failed",
    "unknown",
    "untyped",
    "leaf",
    "late",
    "recovery",
    "p99 before",
    "p99 during",
  ],
  ["pending", "memory", "CPU", "stood still", "limits"],
].flat();

/** One line of the table. */
export interface Row {
  readonly cells: readonly string[];
  /** Which limits it breaks, in words; empty where it keeps them all. */
  readonly broken: readonly string[];
}

const ms = (value: number | undefined): string => (value === undefined ? "-" : `${Math.round(value)} ms`);
const percent = (share: number): string => `${Math.round(share * 100)} %`;

const rowOf = (cells: readonly string[], isProof: boolean, broken: readonly (string | false)[]): Row => {
  const found = broken.filter((text) => text !== false);
  const verdict = isProof ? "kept" : "kept, but for time";
  return { cells: [...cells, found.length === 0 ? verdict : "broken"], broken: found };
};

/** The row of a fault in the chain; `startMs`: how long the chain took to start. */
export function rowOfTrial(layout: string, figures: Figures, startMs: number): Row {
  const { requests, untyped, attempts, lateMs, recoveryMs, pending, memoryMb, stalledMs, wholeMs } = figures;
  const recoverWithinMs = Math.max(limits.recoveryMs, startsToRecover * startMs);
  const cells = [
    ...[layout, figures.fault, requests, figures.failed, figures.unknown, untyped.length].map(String),
    (attempts / requests).toFixed(2),
    ...[lateMs, recoveryMs, figures.p99BeforeMs, figures.p99DuringMs].map(ms),
    String(pending.length),
    memoryMb === undefined ? "-" : `${memoryMb} MB`,
    percent(figures.ownShare),
    percent(stalledMs / wholeMs),
  ];
  return rowOf(cells, stalledMs <= maxStillShare * wholeMs, [
    untyped.length > 0 && `${untyped.length} without a typed error: ${[...new Set(untyped)].join(", ")}`,
    lateMs > limits.lateMs && `a call settled ${ms(lateMs)} after its deadline`,
    attempts > limits.attemptsRatio * requests && `${attempts} calls came to the leaf of ${requests} requests`,
    recoveryMs === undefined && "it did not recover",
    recoveryMs !== undefined && recoveryMs > recoverWithinMs && `it took ${ms(recoveryMs)} to recover`,
    ...pending,
    memoryMb !== undefined && memoryMb > limits.memoryMb && `a process had ${memoryMb} MB`,
  ]);
}

/** The row of a shop whose processes were all replaced, again and again. */
export function rowOfReplacement(layout: string, fault: string, { rounds, observed }: RollingRestart): Row {
  const { requests, failed, resets, late, longestStallMs, latenciesMs, complaints } = observed;
  const counts = [requests, failed + late, late, resets].map(String);
  const p99 = ms(percentile(latenciesMs, 0.99));
  const what = `${fault}, ${rounds} times`;
  const cells = [layout, what, ...counts, "-", "-", "-", "-", p99, "-", "-", "-", `${longestStallMs} ms at most`];
  // Nobody has to keep a deadline while the machine stands still.
  const isProof = longestStallMs < stallMs;
  const isWell = failed + resets + (isProof ? late : 0) === 0;
  return rowOf(cells, isProof, isWell ? [] : [`${failed} failed, ${resets} resets, ${late} late`, ...complaints]);
}

/** The row of a shop in which a module that takes no part in what is asked for is sick. */
export function rowOfNeighbour(layout: string, noticed: Noticed): Row {
  const { sickness, requests, failed, p99BeforeMs, p99DuringMs, longestStallMs } = noticed;
  const counts = [requests, failed, 0, 0].map(String);
  const lengths = ["-", "-", "-", ms(p99BeforeMs), ms(p99DuringMs)];
  const cells = [
    layout,
    `${sickness} in another module`,
    ...counts,
    ...lengths,
    "-",
    "-",
    "-",
    `${longestStallMs} ms at most`,
  ];
  const isProof = longestStallMs < stallMs;
  const atMostMs = limits.slowerTimes * Math.max(p99BeforeMs, noticeableMs);
  return rowOf(cells, isProof, [
    failed > 0 && `${failed} requests failed that the sick module has no part in`,
    isProof && p99DuringMs > atMostMs && `p99 went from ${ms(p99BeforeMs)} to ${ms(p99DuringMs)}`,
  ]);
}
