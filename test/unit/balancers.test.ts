import type { Call } from "pangaea";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { balancerNames, type BalancerParts, createBalancer } from "../../src/client/balancers.js";
import { randomFrom } from "../../src/runtime/balance.js";
import { HandClock } from "./hand-clock.js";

interface Place {
  readonly id: string;
  pending: number;
  weight: number;
  warmth: number;
  zone: string | undefined;
}

const place = (id: string, more: Partial<Place> = {}): Place => ({
  id,
  pending: 0,
  weight: 1,
  warmth: 1,
  zone: undefined,
  ...more,
});
const callOf = (input: unknown): Call => ({ kind: "request", service: "s", method: "m", input }) as Call;
const partsOf = (more: Partial<BalancerParts> = {}): BalancerParts => ({
  clock: new HandClock(),
  random: randomFrom(7),
  zone: undefined,
  keyOf: ({ input }) => (typeof input === "string" ? input : undefined),
  ...more,
});

const picks = 20_000;
/** How often each of the places is taken, as a share of all. */
function sharesOf(name: string, places: readonly Place[], input: (at: number) => unknown = () => undefined) {
  const balancer = createBalancer(name, partsOf());
  const counts = new Map(places.map(({ id }) => [id, 0]));
  for (let at = 0; at < picks; at++) {
    const { id } = balancer.pick(places, callOf(input(at)));
    counts.set(id, counts.get(id)! + 1);
  }
  return places.map(({ id }) => counts.get(id)! / picks);
}
/** Six standard deviations of a share: with a fixed seed it holds or it does not, and by chance it does. */
const expectShares = (shares: readonly number[], expected: readonly number[]) => {
  for (const [at, share] of expected.entries()) {
    expect(Math.abs(shares[at]! - share)).toBeLessThan(6 * Math.sqrt((share * (1 - share)) / picks) + 1e-9);
  }
};

const three = [place("a"), place("b"), place("c")];

describe("the share of each candidate", () => {
  it("is the same by turns, exactly", () => {
    for (const share of sharesOf("round-robin", three)) expect(Math.abs(share - 1 / 3)).toBeLessThan(1 / picks);
  });

  it("is the same by chance", () => {
    expectShares(sharesOf("random", three), [1 / 3, 1 / 3, 1 / 3]);
  });

  it("is that of its weight, of which a newcomer has a part only", () => {
    expectShares(sharesOf("weighted", [place("a", { weight: 1 }), place("b", { weight: 3 })]), [1 / 4, 3 / 4]);
    expectShares(sharesOf("weighted", [place("a"), place("b", { warmth: 0.25 })]), [4 / 5, 1 / 5]);
  });

  it("falls with what is pending: of n, the k-th best is the better of two by chance in 2(n-k)/(n(n-1))", () => {
    const places = [3, 0, 2, 1].map((pending, at) => place(String(at), { pending }));
    // In the order of their load: 3/6, 2/6, 1/6, and never the worst.
    expectShares(sharesOf("least-pending", places), [0, 3 / 6, 1 / 6, 2 / 6]);
  });

  it("of what is pending counts by weight, and by warmth", () => {
    expectShares(
      sharesOf("least-pending", [place("a", { pending: 2 }), place("b", { pending: 5, weight: 3 })]),
      [0, 1],
    );
    expectShares(sharesOf("least-pending", [place("a", { pending: 5 }), place("b", { warmth: 0.1 })]), [1, 0]);
  });

  it("of keys follows the weights, and a key keeps its place", () => {
    const places = [place("a", { weight: 1 }), place("b", { weight: 1 }), place("c", { weight: 2 })];
    expectShares(
      sharesOf("consistent-hash", places, (at) => `key-${at}`),
      [1 / 4, 1 / 4, 1 / 2],
    );
    const balancer = createBalancer("consistent-hash", partsOf());
    for (let at = 0; at < 100; at++) {
      const first = balancer.pick(places, callOf(`key-${at}`));
      expect(balancer.pick(places.toReversed(), callOf(`key-${at}`))).toBe(first);
    }
  });
});

describe("consistent hash", () => {
  it("moves only the keys of whoever goes", () => {
    const balancer = createBalancer("consistent-hash", partsOf());
    const places = ["a", "b", "c", "d"].map((id) => place(id));
    const rest = places.slice(0, 3);
    for (let at = 0; at < 1_000; at++) {
      const before = balancer.pick(places, callOf(`key-${at}`));
      if (before.id !== "d") expect(balancer.pick(rest, callOf(`key-${at}`))).toBe(before);
    }
  });
});

describe("peak EWMA", () => {
  it("takes the quicker one, by latency times what is pending", () => {
    const balancer = createBalancer("peak-ewma", partsOf());
    const [slow, quick] = [place("slow"), place("quick")];
    balancer.observe!(slow, 100);
    balancer.observe!(quick, 10);
    const taken = () => balancer.pick([slow, quick], callOf(0)).id;
    expect(taken()).toBe("quick");
    quick.pending = 20;
    expect(taken()).toBe("slow");
  });

  it("rises at once with a slow answer, and falls by the factor e in ten seconds", () => {
    const clock = new HandClock();
    const balancer = createBalancer("peak-ewma", partsOf({ clock }));
    const [one, steady] = [place("one"), place("steady")];
    balancer.observe!(steady, 40);
    balancer.observe!(one, 10);
    balancer.observe!(one, 100);
    const taken = () => balancer.pick([one, steady], callOf(0)).id;
    expect(taken()).toBe("steady");
    clock.advance(10_000);
    balancer.observe!(one, 0);
    // 100/e is 36.8.
    expect(taken()).toBe("one");
    const barely = place("barely");
    balancer.observe!(barely, 36);
    expect(balancer.pick([one, barely], callOf(0)).id).toBe("barely");
  });
});

describe("zone preference", () => {
  it("stays in its zone while anybody is there, and goes elsewhere when nobody is", () => {
    const balancer = createBalancer("zone", partsOf({ zone: "here" }));
    const near = [place("a", { zone: "here" }), place("b", { zone: "here", pending: 50 })];
    const far = [place("c", { zone: "there" }), place("d")];
    const all = [...near, ...far];
    const taken = new Set(Array.from({ length: 200 }, () => balancer.pick(all, callOf(0)).id));
    expect(taken).toEqual(new Set(["a"]));
    const elsewhere = new Set(Array.from({ length: 200 }, () => balancer.pick(far, callOf(0)).id));
    expect(elsewhere).toEqual(new Set(["c", "d"]));
  });
});

describe("active and standby", () => {
  it("sends all to the first, which every caller finds by itself, and to the next when that one is gone", () => {
    const places = [place("b"), place("a"), place("c", { weight: 0.5 })];
    expectShares(sharesOf("active-standby", places), [0, 1, 0]);
    expectShares(sharesOf("active-standby", [places[0]!, places[2]!]), [1, 0]);
  });
});

it.each(balancerNames)("%s takes one of the candidates, whoever they are", (name) => {
  const candidate = fc.record({
    id: fc.string(),
    pending: fc.nat(1_000),
    weight: fc.double({ min: 0.001, max: 1_000, noNaN: true }),
    warmth: fc.double({ min: 0.1, max: 1, noNaN: true }),
    zone: fc.option(fc.constantFrom("here", "there"), { nil: undefined }),
  });
  const input = fc.option(fc.string(), { nil: undefined });
  fc.assert(
    fc.property(
      fc.array(candidate, { minLength: 2, maxLength: 12 }),
      fc.array(input, { minLength: 1, maxLength: 20 }),
      fc.nat(),
      (candidates, inputs, seed) => {
        const balancer = createBalancer(name, partsOf({ random: randomFrom(seed), zone: "here" }));
        for (const each of inputs) {
          const picked = balancer.pick(candidates, callOf(each));
          expect(candidates).toContain(picked);
          balancer.observe?.(picked, seed % 100);
        }
      },
    ),
    { numRuns: 200 },
  );
});
