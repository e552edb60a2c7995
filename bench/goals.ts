import type { Area } from "./contender.js";
import type { ContenderGoal, ContenderResult, Figures, Goal } from "./results.js";
import { ratioOf, type Spread } from "./statistics.js";

type Metric = (figures: Figures) => Spread | undefined;

const rate: Metric = ({ perSecond }) => perSecond;
const serverCpu: Metric = (figures) => figures.serverCpu;

/** A ratio to reach: how many times the first contender's figure is the second's; of several rivals the strongest counts. */
interface GoalSpec {
  readonly area: Area;
  readonly name: string;
  readonly scenario: string;
  readonly of: string;
  readonly against: readonly string[];
  readonly metric: Metric;
  /** Where less is better, the rival's figure is divided by ours. */
  readonly lessIsBetter?: boolean;
  readonly atLeast: number | null;
  readonly aim: number | null;
}

const httpPeers = [
  "moleculer TCP",
  "NestJS TCP",
  "fastify + undici",
  "express + undici",
  "tRPC, batch link",
  "grpc-js",
];
const redisPeers = ["moleculer Redis", "NestJS Redis"];

const speed = (
  area: Area,
  [of, ...against]: readonly [string, ...string[]],
  scenario: string,
  atLeast: number | null,
  aim: number | null,
  rivals = against.join(" and "),
): GoalSpec => ({
  area,
  name: `${of}, calls/s at ${scenario}, against ${rivals}`,
  scenario,
  of,
  against,
  metric: rate,
  atLeast,
  aim,
});

const gateway = (against: string, atLeast: number | null, aim: number | null): GoalSpec => ({
  area: "gateway",
  name: `Pangaea gateway, requests per server CPU second at c=64, against ${against}`,
  scenario: "c=64",
  of: "Pangaea gateway",
  against: [against],
  metric: serverCpu,
  lessIsBetter: true,
  atLeast,
  aim,
});

const local = "Pangaea in-process";
const http = "Pangaea HTTP";
const redis = "Pangaea Redis";
const tcpPeers = ["moleculer TCP", "NestJS TCP"] as const;

const goalSpecs: readonly GoalSpec[] = [
  speed("local", [local, "moleculer local, validator"], "c=1", 1.5, 2.5),
  speed("local", [local, "moleculer local, validator and timeout"], "c=1", 4, 6),
  speed("local", [local, "direct await"], "c=1", null, 1 / 3),
  speed("http", [http, "fastify + undici"], "c=1", 1.3, null),
  speed("http", [http, "fastify + undici"], "c=64", 6, null),
  speed("http", [http, "fastify + undici"], "c=512", 12, null),
  speed("http", [http, "raw TCP"], "c=64", null, 0.85),
  speed("http", [http, "raw TCP"], "c=512", null, 0.85),
  speed("http", [http, ...tcpPeers], "c=64", 2, 3, "the best TCP peer"),
  speed("http", [http, ...tcpPeers], "c=512", 3, 5, "the best TCP peer"),
  speed("http", [http, ...httpPeers], "c=64, 0-5 ms", 1, null, "the best peer"),
  speed("http", [http, ...httpPeers], "c=512, 0-5 ms", 1, null, "the best peer"),
  speed("redis", [redis, "moleculer Redis"], "c=1", 1, null),
  speed("redis", [redis, "moleculer Redis"], "c=64", 3, null),
  speed("redis", [redis, "moleculer Redis"], "c=512", 4, null),
  speed("redis", [redis, "raw Redis, a PUBLISH per tick"], "c=64", null, 0.9),
  speed("redis", [redis, "raw Redis, a PUBLISH per tick"], "c=512", null, 0.9),
  speed("redis", [redis, ...redisPeers], "c=64, 0-5 ms", 1, null, "the best peer"),
  speed("redis", [redis, ...redisPeers], "c=512, 0-5 ms", 1, null, "the best peer"),
  gateway("bare express", 1.5, null),
  gateway("bare fastify", null, 1),
];

/** What a run made of every goal of the areas that it measured. */
export function judge(contenders: readonly ContenderResult[]): ContenderGoal[] {
  const measuredAreas = new Set(contenders.map(({ area }) => area));
  const find = (area: Area, wanted: string) =>
    contenders.find(({ name, ...one }) => one.area === area && name === wanted);
  return goalSpecs
    .filter(({ area }) => measuredAreas.has(area))
    .map(({ area, name, scenario, of, against, metric, lessIsBetter = false, atLeast, aim }) => {
      const figureOf = (contender: string) => {
        const figures = find(area, contender)?.figures[scenario];
        return figures && metric(figures);
      };
      const own = figureOf(of);
      const ratios = against.map((rival) => {
        const other = figureOf(rival);
        if (own === undefined || other === undefined) return null;
        return lessIsBetter ? ratioOf(other, own) : ratioOf(own, other);
      });
      // A rival that could not be measured might have been the strongest.
      const measured = ratios.includes(null) ? null : Math.min(...(ratios as number[]));
      return { area, name, of, scenario, atLeast, aim, measured };
    });
}

/** `reached`, `aim reached`, `missed`, or `not measured`; for an aim without a minimum, whether it is reached. */
export function verdictOf({ atLeast, aim, measured }: Goal): string {
  if (measured === null) return "not measured";
  if (atLeast !== null && measured < atLeast) return "missed";
  if (aim === null) return "reached";
  if (measured >= aim) return "aim reached";
  return atLeast === null ? "aim missed" : "reached";
}
