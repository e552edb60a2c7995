import {
  type Balancer,
  type Call,
  type Connection,
  errorOf,
  type Instance,
  rootContext,
  type Transport,
} from "pangaea";
import * as fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { Instances } from "../../src/client/instances.js";
import { HandClock } from "./hand-clock.js";

const tick = () => new Promise(setImmediate);

const instance = (id: string, more: Partial<Instance> = {}): Instance => ({
  id,
  process: "p",
  services: { s: 1 },
  addresses: { net: `at-${id}` },
  weight: 1,
  ...more,
});

let clock: HandClock;
/** Address → what a call there comes to. */
let answers: Map<string, () => Promise<{ output: unknown }>>;
let closed: string[];
/** The ids of those from which one was picked last. */
let offered: string[];
let warmth: Map<string, number>;
let instances: Instances;

const transport = {
  name: "net",
  connect: (address: string): Connection => ({
    call: () => (answers.get(address) ?? (() => Promise.resolve({ output: address })))(),
    subscribe: () => Promise.resolve(() => {}),
    close: () => Promise.resolve(void closed.push(address)),
  }),
} as unknown as Transport;

const first: Balancer = {
  pick(candidates) {
    offered = candidates.map(({ id }) => id);
    warmth = new Map(candidates.map((candidate) => [candidate.id, candidate.warmth]));
    return candidates[0]!;
  },
};

beforeEach(() => {
  clock = new HandClock();
  answers = new Map();
  closed = [];
  offered = [];
  instances = new Instances({ transportOf: () => transport, balancerOf: () => first, clock });
});

const call = (deadlineMs = 60_000) => {
  const context = rootContext(clock, deadlineMs);
  const sent = {
    kind: "request",
    service: "s",
    version: 1,
    method: "m",
    effect: "mutation",
    context,
  } as unknown as Call;
  return { context, reply: instances.handlerOf("net")(sent) };
};
const output = async () => (await call().reply).output;
const failing =
  (code: Parameters<typeof errorOf>[0], outcome: "not-sent" | "not-executed" | "failed" | "unknown") => () =>
    Promise.reject(errorOf(code, `${code} ${outcome}`, { outcome }));

describe("a call", () => {
  it.each(["not-sent", "not-executed"] as const)(
    "goes to another instance where the first says %s",
    async (outcome) => {
      instances.update([instance("a"), instance("b")]);
      answers.set("at-a", failing("unavailable", outcome));
      expect(await output()).toBe("at-b");
    },
  );

  it.each([
    ["unavailable", "unknown"],
    ["unavailable", "failed"],
    ["resource_exhausted", "not-executed"],
    ["internal", "failed"],
  ] as const)("is not repeated where it ends as %s with outcome %s", async (code, outcome) => {
    instances.update([instance("a"), instance("b")]);
    answers.set("at-a", failing(code, outcome));
    await expect(call().reply).rejects.toMatchObject({ code, outcome });
  });

  it("tries each instance once and then says so at once", async () => {
    instances.update([instance("a"), instance("b"), instance("c")]);
    let asked = 0;
    const refuse = () => (asked++, failing("unavailable", "not-sent")());
    for (const id of "abc") answers.set(`at-${id}`, refuse);
    await expect(call().reply).rejects.toMatchObject({ outcome: "not-sent" });
    expect(asked).toBe(3);
    expect(clock.timers).toBe(0);
  });

  it("knows at once that nobody is there, where nobody was", async () => {
    await expect(call().reply).rejects.toThrow("No running process serves s over net.");
    instances.update([instance("x", { services: { other: 1 } })]);
    await expect(call().reply).rejects.toMatchObject({ code: "unavailable", outcome: "not-sent" });
    expect(clock.timers).toBe(0);
  });
});

describe("while an instance is replaced", () => {
  it("a call waits for the next one", async () => {
    instances.update([instance("a")]);
    instances.update([]);
    const { reply } = call();
    await tick();
    expect(instances.waiting).toBe(1);
    clock.advance(1_000);
    instances.update([instance("b")]);
    expect((await reply).output).toBe("at-b");
    expect([instances.waiting, clock.timers]).toEqual([0, 0]);
  });

  it("a call that the leaving one has refused waits, too", async () => {
    instances.update([instance("a", { isDraining: true })]);
    answers.set("at-a", failing("unavailable", "not-executed"));
    const { reply } = call();
    await tick();
    expect(instances.waiting).toBe(1);
    instances.update([]);
    instances.update([instance("b")]);
    expect((await reply).output).toBe("at-b");
  });

  it("nobody waits longer than five seconds after it has left", async () => {
    instances.update([instance("a")]);
    instances.update([]);
    clock.advance(3_000);
    const { reply } = call();
    reply.catch(() => {});
    await tick();
    clock.advance(1_999);
    await tick();
    expect(instances.waiting).toBe(1);
    clock.advance(1);
    await expect(reply).rejects.toMatchObject({ code: "unavailable", outcome: "not-sent" });
    await expect(call().reply).rejects.toMatchObject({ outcome: "not-sent" });
    expect(instances.waiting).toBe(0);
  });

  it("a cancelled call does not wait any more", async () => {
    instances.update([instance("a")]);
    instances.update([]);
    const { reply, context } = call();
    reply.catch(() => {});
    await tick();
    context.cancellation.cancel(errorOf("deadline_exceeded", "too late"));
    await expect(reply).rejects.toThrow("too late");
    expect([instances.waiting, clock.timers]).toEqual([0, 0]);
  });

  it("nobody waits in a process that stops, and no more than a thousand in any", async () => {
    instances.update([instance("a")]);
    instances.update([]);
    const waiting = Array.from({ length: 1_000 }, () => call().reply.catch((error: unknown) => error));
    await tick();
    await expect(call().reply).rejects.toMatchObject({ outcome: "not-sent" });
    instances.stopWaiting();
    for (const error of await Promise.all(waiting)) expect(error).toMatchObject({ outcome: "not-sent" });
    await expect(call().reply).rejects.toMatchObject({ outcome: "not-sent" });
  });
});

describe("what leaves or has fallen silent", () => {
  it("gets nothing new while others are there, and everything while nobody else is", async () => {
    const leaving = instance("a", { isDraining: true });
    const silent = { ...instance("b"), isSuspect: true } as Instance;
    instances.update([leaving, silent, instance("c")]);
    expect(await output()).toBe("at-c");
    instances.update([leaving, silent]);
    expect(await output()).toBe("at-b");
    instances.update([leaving]);
    expect(await output()).toBe("at-a");
  });
});

describe("a newcomer", () => {
  it("begins with a tenth of its share beside others, and has all of it after ten seconds", async () => {
    instances.update([instance("a"), instance("b")]);
    await output();
    expect([...warmth.values()]).toEqual([1, 1]);
    instances.update([instance("a"), instance("b"), instance("c")]);
    const warmthOfC = async () => (await output(), warmth.get("c"));
    expect(await warmthOfC()).toBeCloseTo(0.1);
    clock.advance(5_000);
    expect(await warmthOfC()).toBeCloseTo(0.5);
    clock.advance(5_000);
    expect(await warmthOfC()).toBe(1);
    expect(warmth.get("a")).toBe(1);
  });
});

describe("ejection", () => {
  const fault = failing("unavailable", "unknown");
  const ask = async (times: number) => {
    for (let at = 0; at < times; at++) await call().reply.catch(() => {});
  };

  it("comes after five faults in a row, and ends by itself after a second, then two, then four", async () => {
    instances.update([instance("a"), instance("b"), instance("c")]);
    answers.set("at-a", fault);
    await ask(4);
    expect(offered).toContain("a");
    await ask(2);
    expect(offered).toEqual(["b", "c"]);
    for (const ejectedMs of [1_000, 2_000, 4_000]) {
      clock.advance(ejectedMs - 1);
      await ask(1);
      expect(offered).not.toContain("a");
      clock.advance(1);
      // It is tried once, and is out again.
      await ask(1);
      expect(offered).toContain("a");
      await ask(1);
      expect(offered).not.toContain("a");
    }
  });

  it("forgets faults as soon as there is an answer, and never counts one of the business", async () => {
    instances.update([instance("a"), instance("b")]);
    answers.set("at-a", fault);
    await ask(4);
    answers.delete("at-a");
    await ask(1);
    answers.set("at-a", fault);
    await ask(4);
    answers.set("at-a", failing("unavailable", "failed"));
    await ask(20);
    answers.set("at-a", failing("not_found", "failed"));
    await ask(20);
    expect(offered).toEqual(["a", "b"]);
  });

  it("never leaves fewer than half, and always brings everybody back", async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("call" as const), fails: fc.boolean(), times: fc.nat(50) }),
      fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(5_000) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 20 }), async (size, steps) => {
        clock = new HandClock();
        let fails = false;
        answers = new Map(
          Array.from({ length: size }, (_, at) => [
            `at-${at}`,
            () => (fails ? fault() : Promise.resolve({ output: 0 })),
          ]),
        );
        // By turns, so that everybody fails.
        let turn = 0;
        const balancer: Balancer = {
          pick(candidates) {
            offered = candidates.map(({ id }) => id);
            return candidates[turn++ % candidates.length]!;
          },
        };
        instances = new Instances({ transportOf: () => transport, balancerOf: () => balancer, clock });
        instances.update(Array.from({ length: size }, (_, at) => instance(String(at))));
        for (const each of steps) {
          if (each.kind === "wait") clock.advance(each.ms);
          else {
            ({ fails } = each);
            await ask(each.times);
            if (size > 1 && each.times > 0) expect(offered.length).toBeGreaterThanOrEqual(Math.ceil(size / 2));
          }
        }
        clock.advance(60_000);
        fails = false;
        await ask(1);
        if (size > 1) expect(offered).toHaveLength(size);
      }),
      { numRuns: 60 },
    );
  });
});

describe("a connection", () => {
  it("closes when its address is gone from the list and nothing is under way on it", async () => {
    let answer = (_reply: { output: unknown }) => {};
    answers.set("at-a", () => new Promise((resolve) => (answer = resolve)));
    instances.update([instance("a")]);
    const { reply } = call();
    instances.update([]);
    await tick();
    expect(closed).toEqual([]);
    answer({ output: 1 });
    await reply;
    expect(closed).toEqual(["at-a"]);
  });
});
