import type { Call, Instance } from "pangaea";
import { describe, expect, it } from "vitest";
import { candidatesFor, noCandidate } from "../../src/client/candidates.js";

const instance = (id: string, more: Partial<Instance> = {}): Instance => ({
  id,
  process: id,
  services: { things: 1 },
  addresses: { http: `http://${id}` },
  weight: 1,
  ...more,
});
const call = (version = 1, kind: Call["kind"] = "request") => ({ service: "things", version, kind }) as Call;
const idsFor = (known: readonly Instance[], of = call()) => candidatesFor(of, "http", known).map(({ id }) => id);

describe("the candidates for a call", () => {
  it("are the instances that serve it over its transport", () => {
    const known = [
      instance("a"),
      instance("elsewhere", { addresses: { redis: "elsewhere" } }),
      instance("other", { services: { others: 1 } }),
      instance("b"),
    ];
    expect(idsFor(known)).toEqual(["a", "b"]);
    expect(noCandidate(call(), "amqp", known)).toMatchObject({ code: "unavailable", outcome: "not-sent" });
  });

  it("are not the suspect and the draining ones, unless there are no others", () => {
    const [well, suspect, draining] = [
      instance("well"),
      instance("suspect", { isSuspect: true }),
      instance("draining", { isDraining: true }),
    ];
    const both = instance("both", { isSuspect: true, isDraining: true });
    expect(idsFor([both, draining, suspect, well])).toEqual(["well"]);
    expect(idsFor([both, draining, suspect])).toEqual(["suspect"]);
    expect(idsFor([both, draining])).toEqual(["draining"]);
    expect(idsFor([both])).toEqual(["both"]);
  });

  it("serve the version that the caller was written against", () => {
    const old = instance("old");
    const both = instance("both", { services: { things: 2 }, accepts: { things: 1 } });
    const young = instance("young", { services: { things: 3 } });
    const known = [old, both, young];
    expect(idsFor(known, call(1))).toEqual(["old", "both"]);
    expect(idsFor(known, call(2))).toEqual(["both"]);
    expect(idsFor(known, call(3))).toEqual(["young"]);
    expect(idsFor(known, call(4))).toEqual([]);
    expect(noCandidate(call(4), "http", known)).toMatchObject({
      code: "failed_precondition",
      outcome: "not-sent",
      message: "things is served as version 1, 2, 3, and was asked as version 4.",
    });
  });

  it("take an event in whatever version its producer has", () => {
    expect(idsFor([instance("a")], call(7, "event"))).toEqual(["a"]);
  });
});
