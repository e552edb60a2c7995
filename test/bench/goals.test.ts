import { describe, expect, it } from "vitest";
import { judge, verdictOf } from "../../bench/goals.js";
import { reportOf } from "../../bench/report.js";
import type { ContenderResult, Goal } from "../../bench/results.js";
import { ratioOf, spreadOf } from "../../bench/statistics.js";

const figures = (perSecond: readonly number[], serverCpu = 10) => ({
  perSecond: spreadOf(perSecond),
  p50: spreadOf([1]),
  p99: spreadOf([2]),
  clientCpu: spreadOf([3]),
  serverCpu: spreadOf(perSecond.map(() => serverCpu)),
});

function contender(
  area: ContenderResult["area"],
  name: string,
  scenarios: Record<string, ReturnType<typeof figures>>,
): ContenderResult {
  return { name, area, setup: "", versions: { peer: "1.2.3" }, figures: scenarios, failures: {} };
}

const local = (pangaea: readonly number[], validator = [100, 100, 100], timeout = [20, 20, 20]) => [
  contender("local", "Pangaea in-process", { "c=1": figures(pangaea) }),
  contender("local", "direct await", { "c=1": figures([600, 600, 600]) }),
  contender("local", "moleculer local, validator", { "c=1": figures(validator) }),
  contender("local", "moleculer local, validator and timeout", { "c=1": figures(timeout) }),
];

const measuredOf = (goals: readonly Goal[], part: string) => goals.find(({ name }) => name.includes(part))!;

describe("statistics", () => {
  it("gives the middle and the middle half of the rounds", () => {
    expect(spreadOf([5, 1, 4, 2, 3])).toMatchObject({ median: 3, low: 2, high: 4 });
  });

  it("compares round by round: a slow round of both weighs on neither", () => {
    expect(ratioOf(spreadOf([200, 20, 220]), spreadOf([100, 10, 110]))).toBe(2);
  });
});

describe("goals", () => {
  it("are judged by the ratio to their rival", () => {
    const goals = judge(local([200, 200, 200]));
    expect(goals.map(({ measured }) => Number(measured!.toFixed(3)))).toEqual([2, 10, 0.333]);
    expect(goals.map(verdictOf)).toEqual(["reached", "aim reached", "aim reached"]);
  });

  it("are missed below what is asked for at least, and an aim alone is missed as an aim", () => {
    expect(judge(local([149, 149, 149])).map(verdictOf)).toEqual(["missed", "aim reached", "aim missed"]);
  });

  it("count the strongest of several rivals", () => {
    const http = (name: string, rate: number) => contender("http", name, { "c=64": figures([rate]) });
    const goals = judge([http("Pangaea HTTP", 100), http("moleculer TCP", 20), http("NestJS TCP", 40)]);
    expect(measuredOf(goals, "calls/s at c=64, against the best TCP peer").measured).toBe(2.5);
  });

  it("are not measured where a rival is missing", () => {
    const goals = judge(local([200, 200, 200]).slice(0, 2));
    expect(goals.map(verdictOf)).toEqual(["not measured", "not measured", "aim reached"]);
  });

  it("turn CPU round: less is better", () => {
    const edge = (name: string, cpu: number) => contender("gateway", name, { "c=64": figures([1], cpu) });
    const goals = judge([edge("Pangaea gateway", 30), edge("bare express", 60), edge("bare fastify", 27)]);
    expect(goals.map(({ measured }) => measured)).toEqual([2, 0.9]);
    expect(goals.map(verdictOf)).toEqual(["reached", "aim missed"]);
  });

  it("of an area that did not run are left out", () => {
    expect(new Set(judge(local([1, 1, 1])).map(({ area }) => area))).toEqual(new Set(["local"]));
  });
});

it("the report shows each goal with its verdict, each figure, and what failed", () => {
  const contenders = [
    ...local([200, 200, 200]),
    { ...contender("http", "grpc-js", {}), failures: { "c=512": "it ended" } },
  ];
  const machine = {
    cpu: "a cpu",
    cores: 2,
    memoryGb: 8,
    system: "Linux 1",
    node: "24.0.0",
    redis: "7.0.0",
    commit: "abc",
    date: "2020-01-01",
    withheld: 0.25,
  };
  const disturbance = { rounds: 1_250, repeated: 40, kept: 3 };
  const client = {
    functions: [
      { name: "check src/schema/copier.js:7", share: 0.5 },
      { name: "GC", share: 0.25 },
    ],
    packages: [{ name: "src/schema", share: 0.625 }],
  };
  const profiles = [{ contender: "Pangaea in-process", scenario: "c=1", ends: { client } }];
  const goals = judge(contenders);
  const text = reportOf({ machine, disturbance, goals, contenders, rest: [], profiles, stacks: { local: "layers" } });
  expect(text).toContain("moleculer local, validator | 1.50 | 2.50 | 2.00 | reached |");
  expect(text).toContain("| Pangaea in-process | 5,000,000 (5,000,000–5,000,000) | 3.00 |");
  expect(text).toContain("| grpc-js | failed: it ended |");
  expect(text).toContain("peer 1.2.3");
  expect(text).toContain("layers");
  expect(text).toContain("### Pangaea in-process, c=1, client");
  expect(text).toContain("| check src/schema/copier.js:7 | 50.0 % | src/schema | 62.5 % |\n| GC | 25.0 % |  |  |");
  expect(text).toContain("40 of 1,250 were, and 3 were kept disturbed");
  expect(text).toContain("gave 25 % of the processors' time to others");
});
