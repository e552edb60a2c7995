import type { Clock } from "./clock.js";

/** When something began, and on whose clock. */
export interface Begun {
  readonly clock: Clock;
  readonly madeAt: number;
}

/** Counts one kind of call: how many are under way, how they end, and after how long. */
export interface Meter {
  begin(): void;
  /** `code`: `ok` or that of the error, at the edge the status. A call began when its context was made. */
  end(code: string, begun: Begun): void;
}

/** What a process has answered those outside of it since its start. */
export interface Answered {
  readonly calls: number;
  /** Of those, ended with a fault of the system. */
  readonly failed: number;
  /** How many took how long, bucket by bucket; only who counts knows how long each is. */
  readonly latencies: readonly number[];
}

export type MeterKind = "server" | "client" | "edge";

/** The meters of a process: one for each procedure and side, or each route of the edge. */
export interface Meters {
  of(kind: MeterKind, service: string, method: string): Meter;
}

/** Counts nothing. */
export const silentMeters: Meters = { of: () => ({ begin() {}, end() {} }) };
