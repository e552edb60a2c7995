import {
  type Call,
  type Handler,
  type Layer,
  type LookingLayer,
  rootContext,
  wrap,
  wrapClient,
  wrapService,
} from "pangaea";
import { describe, expect, it } from "vitest";
import { HandClock } from "./hand-clock.js";

const clock = new HandClock();
const call = (input: unknown = 1): Call => ({
  kind: "request",
  service: "s",
  version: 1,
  method: "m",
  input,
  effect: "read",
  attempt: 1,
  caller: "c",
  context: rootContext(clock, 1_000),
});

/** What each layer saw, in the order in which it saw it. */
function layersThatTell(...roles: string[]): { seen: string[]; layers: LookingLayer[] } {
  const seen: string[] = [];
  const layers = roles.map((role) => ({
    role,
    why: "",
    enter(current: Call) {
      seen.push(`${role} in`);
      return { ...current, input: `${String(current.input)}${role}` };
    },
    leave(output: unknown) {
      seen.push(`${role} out`);
      return `${String(output)}${role}`;
    },
    fail(error: unknown) {
      seen.push(`${role} failed`);
      return error;
    },
  }));
  return { seen, layers };
}

/** A layer with a limit, and the hand that lets it run out. */
function limit(role = "limit") {
  const hand: { giveUp?: (error: unknown) => void; watched: number } = { watched: 0 };
  const layer: Layer = {
    role,
    why: "",
    limit: {
      watch(_call, giveUp) {
        hand.watched++;
        hand.giveUp = giveUp as (error: unknown) => void;
      },
      unwatch() {
        hand.watched--;
      },
    },
  };
  return { hand, layer };
}

const wrapping = (role: string, seen: string[]): Layer => ({
  role,
  why: "",
  interceptor: (next) => async (current) => {
    seen.push(`${role} in`);
    const reply = await next(current);
    seen.push(`${role} out`);
    return reply;
  },
});

const echo = (current: Call): Promise<unknown> => Promise.resolve(current.input);
const boom = new Error("boom");

describe("a stack", () => {
  it("passes a call from the outside in and its output from the inside out, whatever is fused with what", async () => {
    const { seen, layers } = layersThatTell("a", "b", "c", "d");
    const [a, b, c, d] = layers as [Layer, Layer, Layer, Layer];
    const service = wrapService([c, limit().layer, d], echo);
    const send = wrapClient([a, wrapping("w", seen), b, limit().layer], service);
    expect(await send(call(""))).toBe("abcddcba");
    expect(seen).toEqual(["a in", "w in", "b in", "c in", "d in", "d out", "c out", "b out", "w out", "a out"]);
  });

  it("gives replies to whoever stands around it as a handler", async () => {
    const handler: Handler = (current) => Promise.resolve({ output: current.input });
    expect(await wrap(layersThatTell("a").layers, handler)(call(""))).toEqual({ output: "aa" });
    expect(await wrap([], handler)(call(2))).toEqual({ output: 2 });
    expect(await wrapService([], echo)(call(3))).toEqual({ output: 3 });
    expect(await wrapClient([], handler)(call(4))).toBe(4);
  });

  it.each([[[]], [[limit().layer]]])("shows an error to the layers that had begun, and to no other", async (limits) => {
    const outer = layersThatTell("a", "b");
    const refusing: Layer = {
      role: "refusing",
      why: "",
      enter() {
        throw boom;
      },
    };
    const refused = wrapService([...outer.layers, ...limits, refusing, ...layersThatTell("z").layers], echo);
    await expect(refused(call())).rejects.toBe(boom);
    expect(outer.seen).toEqual(["a in", "b in", "b failed", "a failed"]);

    const around = layersThatTell("a", "b");
    const failing: Layer = {
      role: "failing",
      why: "",
      leave() {
        throw boom;
      },
    };
    const inner = layersThatTell("z");
    const failed = wrapService([...around.layers, ...limits, failing, ...inner.layers], echo);
    await expect(failed(call())).rejects.toBe(boom);
    expect(around.seen).toEqual(["a in", "b in", "b failed", "a failed"]);
    expect(inner.seen).toEqual(["z in", "z out"]);
  });

  it("takes what a service throws at once like what it rejects with", async () => {
    const { hand, layer } = limit();
    const { seen, layers } = layersThatTell("a");
    const service = wrapService([...layers, layer], () => {
      throw boom;
    });
    await expect(service(call())).rejects.toBe(boom);
    expect([seen, hand.watched]).toEqual([["a in", "a failed"], 0]);
  });
});

it("a stack works the same where no code may be made from text", async () => {
  const { seen, layers } = layersThatTell("a", "b");
  const make = globalThis.Function;
  globalThis.Function = (() => {
    throw new EvalError("Code generation from strings disallowed for this context");
  }) as unknown as FunctionConstructor;
  let send, refused;
  try {
    const refusing: Layer = {
      role: "refusing",
      why: "",
      enter() {
        throw boom;
      },
    };
    send = wrapService([...layers, limit().layer], echo);
    refused = wrapService([...layers, refusing], echo);
  } finally {
    globalThis.Function = make;
  }
  expect(await send(call(""))).toEqual({ output: "abba" });
  await expect(refused(call())).rejects.toBe(boom);
  expect(seen.slice(4)).toEqual(["a in", "b in", "b failed", "a failed"]);
});

describe("a layer with a limit", () => {
  it("settles the call once, while what is inside it goes on to its end", async () => {
    const { hand, layer } = limit();
    const [outer, inner] = [layersThatTell("a"), layersThatTell("z")];
    let answer = (_output: unknown): void => {};
    const service = () => new Promise((resolve) => (answer = resolve));
    const settled = wrapService([...outer.layers, layer, ...inner.layers], service)(call());
    hand.giveUp!(boom);
    hand.giveUp!(new Error("again"));
    await expect(settled).rejects.toBe(boom);
    expect([outer.seen, inner.seen, hand.watched]).toEqual([["a in", "a failed"], ["z in"], 1]);
    answer("late");
    await new Promise(setImmediate);
    expect([outer.seen, inner.seen, hand.watched]).toEqual([["a in", "a failed"], ["z in", "z out"], 0]);
  });

  it("stays its own where another stands inside it", async () => {
    const [outer, inner] = [limit("outer"), limit("inner")];
    let answer = (_output: unknown): void => {};
    const service = () => new Promise((resolve) => (answer = resolve));
    const settled = wrapService([outer.layer, inner.layer], service)(call());
    expect([outer.hand.watched, inner.hand.watched]).toEqual([1, 1]);
    inner.hand.giveUp!(boom);
    await expect(settled).rejects.toBe(boom);
    expect([outer.hand.watched, inner.hand.watched]).toEqual([0, 1]);
    answer("late");
    await new Promise(setImmediate);
    expect([outer.hand.watched, inner.hand.watched]).toEqual([0, 0]);
  });
});
