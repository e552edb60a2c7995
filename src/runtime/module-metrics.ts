import type { Clock } from "../core/clock.js";
import type { Metrics, Sample } from "../core/metrics.js";
import type { DeadLetters } from "../events/dead-letters.js";
import { countSagas } from "../saga/saga-rows.js";
import type { ModuleStore } from "../storage/module-store.js";
import type { BackgroundWork } from "./background-work.js";

export interface ModuleMetricsOptions {
  readonly store: ModuleStore;
  readonly background: BackgroundWork;
  readonly deadLetters: DeadLetters;
  readonly clock: Clock;
}

/** Counted anew at most so often: a look must not become work. */
const countEveryMs = 2_000;

/** What was counted last, for as long as that is recent. */
function counted<T>(clock: Clock, count: () => Promise<T>): () => Promise<T> {
  let last: Promise<T> | undefined;
  let at = 0;
  return () => {
    if (last === undefined || clock.now() - at > countEveryMs) {
      at = clock.now();
      last = count();
      last.catch(() => (last = undefined));
    }
    return last;
  };
}

/** Shows the numbers of a module's data; the returned function ends that. */
export function showModule(metrics: Metrics, { store, background, deadLetters, clock }: ModuleMetricsOptions) {
  const { module } = store;
  const show = (name: string, help: string, read: () => Iterable<Sample> | Promise<Iterable<Sample>>) =>
    metrics.observe({ name, help, kind: "gauge" }, read);
  const lags = (value: (lag: BackgroundWork["lags"][number]) => number) =>
    background.lags.map((lag) => ({ labels: { module, subscriber: lag.subscriber }, value: value(lag) }));
  const sagas = counted(clock, () => countSagas(store));
  const dead = counted(clock, () => deadLetters.count());
  const ends = [
    show("pangaea_commits_pending", "Commits of a module that wait or are under way.", () => [
      { labels: { module }, value: store.pendingCommits },
    ]),
    show(
      "pangaea_outbox_pending_events",
      "Events that a subscriber has not confirmed; at most 2000 are looked at.",
      () => lags(({ events }) => events),
    ),
    show(
      "pangaea_outbox_lag_seconds",
      "How long ago the oldest event that a subscriber has not confirmed was committed.",
      () => lags(({ since }) => (since === undefined ? 0 : Math.max(0, clock.wallTime() - since) / 1_000)),
    ),
    show("pangaea_sagas", "Sagas, jobs and sends that go forward, are undone or are parked for a person.", async () =>
      (await sagas()).map(({ name: saga, phase, count }) => ({ labels: { module, saga, phase }, value: count })),
    ),
    show("pangaea_dead_letters", "Events that a module could not handle.", async () => [
      { labels: { module }, value: await dead() },
    ]),
  ];
  return () => {
    for (const end of ends) end();
  };
}
