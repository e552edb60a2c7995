import type { Outcome } from "./trial.js";

/** Recovery may take so long at p99 before a run counts as failed: three times what is promised. Milliseconds. */
const recoveryBoundMs = 30_000;
/** And so many times what a start takes, where the machine is that slow. */
const startsToRecover = 3;

/** The value below which a share of the values lies; undefined where there are none. */
export const percentile = (values: readonly number[], share: number): number | undefined =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];

/** Everything about a trial, or several of one kind, that must not be; empty where all is well. */
export function violationsOf(outcome: Outcome): string[] {
  const { lost, doubled, answeredOtherwise, wrongNotes, stockDifference, unknown, stuckSagas } = outcome;
  const p99 = percentile(outcome.recoveriesMs, 0.99) ?? 0;
  const counts = { lost, doubled, answeredOtherwise, wrongNotes, stockDifference, unknown, stuckSagas };
  return [
    ...Object.entries(counts).flatMap(([name, value]) => (value === 0 ? [] : [`${name}: ${value}`])),
    ...outcome.complaints,
    ...(p99 > Math.max(recoveryBoundMs, startsToRecover * outcome.startMs)
      ? [`recovery took ${Math.round(p99)} ms at p99`]
      : []),
  ];
}

const headings = [
  ["layout", "fault", "runs", "killed", "asked", "ok", "failed", "unknown", "asked again", "lost", "doubled"],
  ["stock off by", "books differ", "sagas stuck", "notes wrong", "recovery p50", "p99"],
].flat();

const ms = (value: number | undefined): string => (value === undefined ? "-" : `${(value / 1000).toFixed(1)} s`);

function rowOf(outcomes: readonly Outcome[]): string[] {
  const { layout, fault } = outcomes[0]!;
  const sum = (pick: (outcome: Outcome) => number) => String(outcomes.reduce((total, each) => total + pick(each), 0));
  const recoveries = outcomes.flatMap(({ recoveriesMs }) => recoveriesMs);
  return [
    layout,
    fault,
    String(outcomes.length),
    sum(({ deaths }) => deaths),
    sum(({ asked }) => asked),
    sum(({ ok }) => ok),
    sum(({ failed }) => failed),
    sum(({ unknown }) => unknown),
    sum(({ askedAgain }) => askedAgain),
    sum(({ lost }) => lost),
    sum(({ doubled, answeredOtherwise }) => doubled + answeredOtherwise),
    sum(({ stockDifference }) => stockDifference),
    sum(({ bookDifferences }) => bookDifferences),
    sum(({ stuckSagas }) => stuckSagas),
    sum(({ wrongNotes }) => wrongNotes),
    ms(percentile(recoveries, 0.5)),
    ms(percentile(recoveries, 0.99)),
  ];
}

/** A row for each layout and fault, and one for all of them. */
export function tableOf(outcomes: readonly Outcome[]): { headings: readonly string[]; rows: string[][] } {
  const kinds = Map.groupBy(outcomes, ({ layout, fault }) => `${layout}/${fault}`);
  const total = outcomes.map((outcome) => ({ ...outcome, layout: "all", fault: "all" }));
  return { headings, rows: [...kinds.values(), total].filter((group) => group.length > 0).map(rowOf) };
}
