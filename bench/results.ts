import type { Area } from "./contender.js";
import type { Machine } from "./machine.js";
import type { SelfTime } from "./profile.js";
import type { Disturbance } from "./repeats.js";
import type { RestResult } from "./rest/results.js";
import type { Spread } from "./statistics.js";

/** What was measured of one contender in one scenario. Latencies and CPU per call in microseconds. */
export interface Figures {
  readonly perSecond: Spread;
  readonly p50: Spread;
  readonly p99: Spread;
  readonly clientCpu: Spread;
  readonly serverCpu?: Spread;
  readonly brokerCpu?: Spread;
}

export interface ContenderResult {
  readonly name: string;
  readonly area: Area;
  readonly setup: string;
  /** Package → version. */
  readonly versions: Readonly<Record<string, string>>;
  /** Scenario → figures; one that failed is missing here and named in `failures`. */
  readonly figures: Readonly<Record<string, Figures>>;
  readonly failures: Readonly<Record<string, string>>;
}

/** A ratio to reach, and what this run made of it. Above `atLeast` it is reached. */
export interface Goal {
  readonly name: string;
  readonly atLeast: number | null;
  readonly aim: number | null;
  /** Null where something that it compares was not measured. */
  readonly measured: number | null;
}

/** A goal of a contender, in one scenario of its area. */
export interface ContenderGoal extends Goal {
  readonly area: Area;
  readonly of: string;
  readonly scenario: string;
}

/** Where a contender spent its time in a scenario. */
export interface ContenderProfile {
  readonly contender: string;
  readonly scenario: string;
  /** Process → its time: `client`, and `server` where that is another. */
  readonly ends: Readonly<Record<string, SelfTime>>;
}

/** Everything one run found: what `results.json` holds. */
export interface Results {
  readonly machine: Machine;
  readonly disturbance: Disturbance;
  readonly goals: readonly Goal[];
  readonly contenders: readonly ContenderResult[];
  /** Start and memory; none where that was not looked at. */
  readonly rest: readonly RestResult[];
  /** Of every contender's goal that was missed. */
  readonly profiles: readonly ContenderProfile[];
  /** Title → what `pangaea stack` prints. */
  readonly stacks: Readonly<Record<string, string>>;
}
