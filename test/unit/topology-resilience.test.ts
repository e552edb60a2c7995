import { defineContract, defineModule, usualResilience } from "pangaea";
import { describe, expect, it } from "vitest";
import { findTopologyFaults } from "../../src/runtime/check-topology.js";
import { parseTopology } from "../../src/runtime/load-topology.js";

const empty = (name: string) =>
  defineModule({ contract: defineContract(name, 1, { procedures: {} }), service: Object as never });
const modules = new Map(["a", "b"].map((name) => [name, empty(name)]));

const topologyOf = (resilience: string) =>
  parseTopology("x.yaml", `name: x\nprocesses:\n  one: { gateway: {}, modules: [a, b] }\nresilience: ${resilience}\n`);
const refusalOf = (resilience: string): string => {
  try {
    topologyOf(resilience);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};
const faultsOf = (resilience: string) =>
  findTopologyFaults(topologyOf(resilience), { modules, transports: ["http", "redis", "in-process"] });

describe("a topology's resilience", () => {
  it("is the usual where nothing is written, the default's for every service, and the service's own on top", () => {
    const written =
      "{ default: { retry: { attempts: 2 }, timeoutMs: 900 }, a: { retry: { backoffMs: 7 }, hedge: { afterMs: 50 } } }";
    const { resilience } = topologyOf(written);
    const usual = usualResilience.default;
    const common = { ...usual, retry: { ...usual.retry, attempts: 2 }, timeoutMs: 900 };
    expect(resilience!.default).toEqual(common);
    expect(resilience!.services.get("a")).toEqual({
      ...common,
      retry: { ...common.retry, backoffMs: 7 },
      hedge: { afterMs: 50 },
    });
    expect(resilience!.shedding).toEqual(usualResilience.shedding);
    expect(faultsOf(written)).toEqual([]);
  });

  it("switches off what is false, and a service may switch it on again", () => {
    const { resilience } = topologyOf(
      "{ shedding: false, default: { retry: false, breaker: false, bulkhead: false }, a: { breaker: { minCalls: 3 } } }",
    );
    expect(resilience).toMatchObject({
      shedding: undefined,
      default: { retry: undefined, breaker: undefined, bulkhead: undefined },
    });
    expect(resilience!.services.get("a")).toMatchObject({
      retry: undefined,
      breaker: { ...usualResilience.default.breaker, minCalls: 3 },
    });
  });

  it.each([
    ["{ a: { retries: {} } }", 'x.yaml: resilience.a: unknown key "retries"'],
    [
      "{ a: { retry: { attempts: 0 } } }",
      "x.yaml: resilience.a.retry.attempts: give attempts as a whole number from 1 to 10",
    ],
    [
      "{ default: { breaker: { failureRatio: 2 } } }",
      "x.yaml: resilience.default.breaker.failureRatio: give a share from 0.01 to 1",
    ],
    [
      "{ a: { timeoutMs: forever } }",
      "x.yaml: resilience.a.timeoutMs: give milliseconds as a whole number from 1 to 300000",
    ],
    ["{ shedding: { limit: 4 } }", 'x.yaml: resilience.shedding: unknown key "limit"'],
    [
      "{ loop: { exitMs: 1 } }",
      "x.yaml: resilience.loop.exitMs: give milliseconds as a whole number from 100 to 300000",
    ],
  ])("%s is refused, naming key and mend", (written, message) => {
    expect(refusalOf(written)).toContain(message);
  });

  it.each([
    [
      "{ users: {} }",
      "x.yaml: resilience.users: no process has a module users; place it, mend its spelling or remove the key",
    ],
    [
      "{ a: { retry: { backoffMs: 5000 } } }",
      "x.yaml: resilience.a.retry.backoffMs: is above maxBackoffMs (1000); lower it",
    ],
    [
      "{ a: { timeoutMs: 100, hedge: { afterMs: 100 } } }",
      "x.yaml: resilience.a.hedge.afterMs: is not below timeoutMs (100)",
    ],
    [
      "{ shedding: { minConcurrent: 9, maxConcurrent: 8 } }",
      "x.yaml: resilience.shedding.minConcurrent: is above maxConcurrent (8)",
    ],
    ["{ loop: { blockedMs: 2000, exitMs: 2000 } }", "x.yaml: resilience.loop.exitMs: is not above blockedMs (2000)"],
  ])("%s is a fault, with key and mend", (written, message) => {
    expect(faultsOf(written).join("\n")).toContain(message);
  });
});
