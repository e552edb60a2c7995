import type { Surroundings } from "./contender.js";
import { entries } from "./contenders.js";
import type { ContenderGoal, ContenderProfile } from "./results.js";
import { Running } from "./running.js";
import { scenariosOf } from "./scenarios.js";

const warmUpMs = 2_000;
const profiledMs = 1_000;

/**
 * Runs the contenders of these goals again, each in its goal's scenario, and looks where their time goes. What fails here
 * is said and left out: the run has its results.
 */
export async function profileGoals(
  goals: readonly ContenderGoal[],
  surroundings: Surroundings,
  say: (text: string) => void,
): Promise<ContenderProfile[]> {
  const wanted = new Map(goals.map((goal) => [`${goal.of}, ${goal.scenario}`, goal]));
  const profiles: ContenderProfile[] = [];
  for (const [name, goal] of wanted) {
    say(`profile: ${name}`);
    try {
      profiles.push(await profileOf(goal, surroundings));
    } catch (error) {
      say(`profile: ${(error as Error).message}`);
    }
  }
  return profiles;
}

async function profileOf({ area, of, scenario }: ContenderGoal, surroundings: Surroundings): Promise<ContenderProfile> {
  const { load } = scenariosOf[area].find(({ name }) => name === scenario)!;
  const contender = await Running.start(
    entries.find(({ name }) => name === of)!,
    surroundings,
    undefined,
  );
  try {
    await contender.lead({ ...load, durationMs: warmUpMs });
    const { client, server } = await contender.profile({ ...load, durationMs: profiledMs });
    return { contender: of, scenario, ends: server === undefined ? { client } : { client, server } };
  } finally {
    await contender.stop();
  }
}
