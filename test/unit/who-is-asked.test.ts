import { type Call, Context, type Instance, isError, type Transport } from "pangaea";
import { describe, expect, it } from "vitest";
import { Instances } from "../../src/client/instances.js";
import { roundRobin } from "../../src/client/round-robin.js";
import { HandClock } from "./hand-clock.js";

const clock = new HandClock();
const instance = (id: string, more: Partial<Instance> = {}): Instance => ({
  id,
  process: id,
  services: { things: 1 },
  addresses: { http: id },
  weight: 1,
  ...more,
});
const callOf = (version = 1, kind: Call["kind"] = "request") =>
  ({ service: "things", version, kind, context: Context.of({ clock, deadline: 1_000 }) }) as Call;

/** Answers with the address that was asked. */
const transport: Transport = {
  name: "http",
  features: { remote: true, maxMessageBytes: Infinity, dynamicAddress: true },
  connect: (address) => ({
    call: () => Promise.resolve({ output: address }),
    subscribe: () => Promise.resolve(() => {}),
    close: () => Promise.resolve(),
  }),
  serve: () => Promise.reject(new Error("nobody serves here")),
  close: () => Promise.resolve(),
};

/** Who is asked when a call is made as often as there are instances. */
async function asked(known: readonly Instance[], call = callOf()): Promise<string[]> {
  const instances = new Instances({ transportOf: () => transport, balancerOf: roundRobin, clock });
  instances.update(known);
  const handler = instances.handlerOf("http");
  const outputs = await Promise.all(known.map(async () => (await handler(call)).output as string));
  return [...new Set(outputs)].toSorted();
}

describe("a call", () => {
  it("goes to the instances that serve it over its transport", async () => {
    const elsewhere = instance("elsewhere", { addresses: { redis: "elsewhere" } });
    const other = instance("other", { services: { others: 1 } });
    expect(await asked([instance("a"), elsewhere, other, instance("b")])).toEqual(["a", "b"]);
    await expect(asked([elsewhere, other])).rejects.toMatchObject({ code: "unavailable", outcome: "not-sent" });
  });

  it("goes to none that is suspect or drains, unless there are no others", async () => {
    const [well, suspect] = [instance("well"), instance("suspect", { isSuspect: true })];
    const draining = instance("draining", { isDraining: true });
    expect(await asked([draining, suspect, well])).toEqual(["well"]);
    expect(await asked([draining, suspect])).toEqual(["suspect"]);
    expect(await asked([draining])).toEqual(["draining"]);
  });

  it("goes to who serves the version that its caller was written against", async () => {
    const known = [
      instance("old"),
      instance("both", { services: { things: 2 }, accepts: { things: 1 } }),
      instance("young", { services: { things: 3 } }),
    ];
    expect(await asked(known, callOf(1))).toEqual(["both", "old"]);
    expect(await asked(known, callOf(2))).toEqual(["both"]);
    expect(await asked(known, callOf(3))).toEqual(["young"]);
    const refused = await asked(known, callOf(4)).catch((error: unknown) => error);
    expect(isError(refused) && [refused.code, refused.outcome, refused.message]).toEqual([
      "failed_precondition",
      "not-sent",
      "things is served as version 1, 2, 3, and was asked as version 4.",
    ]);
  });

  it("that brings an event goes to any version: it has that of its producer", async () => {
    expect(await asked([instance("a")], callOf(7, "event"))).toEqual(["a"]);
  });
});
