import type { Area, Entry, Surroundings } from "./contender.js";
import { versionsOf } from "./machine.js";
import type { ContenderResult, Figures } from "./results.js";
import { type FullRound, Running } from "./running.js";
import { type Disturbance, noDisturbance, Repeats, sumOf } from "./repeats.js";
import { type Effort, repeatBudgetMs, scenariosOf, warmUpMs } from "./scenarios.js";
import { spreadOf } from "./statistics.js";

export interface AreaOptions {
  readonly area: Area;
  readonly entries: readonly Entry[];
  readonly surroundings: Surroundings;
  readonly brokerPid: number | undefined;
  readonly effort: Effort;
  readonly say: (text: string) => void;
}

export interface AreaResult {
  readonly contenders: readonly ContenderResult[];
  readonly disturbance: Disturbance;
}

/** Measures every contender of an area in every scenario, all of them in each round, so that they share its weather. */
export async function measureArea(options: AreaOptions): Promise<AreaResult> {
  const { area, entries, surroundings, brokerPid, effort, say } = options;
  const running: Running[] = [];
  const figures = new Map<string, Record<string, Figures>>(entries.map(({ name }) => [name, {}]));
  const failures = new Map<string, Record<string, string>>(entries.map(({ name }) => [name, {}]));
  let disturbance = noDisturbance;
  try {
    const starting = entries.map((entry) => Running.start(entry, surroundings, brokerPid));
    for (const outcome of await Promise.allSettled(starting)) {
      if (outcome.status === "fulfilled") running.push(outcome.value);
    }
    await Promise.all(starting);
    const warmUp = scenariosOf[area].find(({ load }) => load.inFlight === 64) ?? scenariosOf[area][0]!;
    for (const contender of running) {
      await contender.lead({ ...warmUp.load, durationMs: warmUpMs(effort) });
    }
    for (const { name: scenario, load } of scenariosOf[area]) {
      say(`${area}, ${scenario}`);
      const rounds = new Map<string, FullRound[]>(entries.map(({ name }) => [name, []]));
      const repeats = new Repeats(repeatBudgetMs(running.length, effort));
      const timed = { ...load, durationMs: effort.durationMs };
      // The first time round is for getting used to the scenario.
      for (let round = -1; round < effort.rounds; round++) {
        for (let turn = 0; turn < running.length; turn++) {
          const contender = running[(turn + round + 1) % running.length]!;
          const { name } = contender.entry;
          if (failures.get(name)![scenario] !== undefined) continue;
          const attempt = async () => {
            await contender.lead(timed);
            return contender.round(timed);
          };
          try {
            if (round < 0) await attempt();
            else rounds.get(name)!.push(await repeats.measure(attempt));
          } catch (error) {
            failures.get(name)![scenario] = (error as Error).message;
          }
        }
      }
      disturbance = sumOf(disturbance, repeats.disturbance);
      for (const [name, measured] of rounds) {
        if (failures.get(name)![scenario] === undefined) figures.get(name)![scenario] = figuresOf(measured);
      }
    }
  } finally {
    await Promise.all(running.map((contender) => contender.stop()));
  }
  const contenders = entries.map(({ name, setup, packages }) => ({
    name,
    area,
    setup,
    versions: versionsOf(packages),
    figures: figures.get(name)!,
    failures: failures.get(name)!,
  }));
  return { contenders, disturbance };
}

function figuresOf(rounds: readonly FullRound[]): Figures {
  const spread = (pick: (round: FullRound) => number) => spreadOf(rounds.map(pick));
  const where = (pick: (round: FullRound) => number | undefined) =>
    rounds.some((round) => pick(round) === undefined) ? undefined : spread((round) => pick(round)!);
  return {
    perSecond: spread((round) => round.perSecond),
    p50: spread((round) => round.p50),
    p99: spread((round) => round.p99),
    clientCpu: spread((round) => round.clientCpu),
    serverCpu: where((round) => round.serverCpu),
    brokerCpu: where((round) => round.brokerCpu),
  };
}
