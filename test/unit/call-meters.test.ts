import { expect, it } from "vitest";
import { CallMeters } from "../../src/observability/call-meters.js";
import { quantileMs } from "../../src/observability/times.js";
import { HandClock } from "./hand-clock.js";

const counts = (meters: CallMeters) =>
  [...meters.all].flatMap(({ times }) => [...times].map(([code, { count }]) => [code, count]));

it("counts calls by code, and what is under way", () => {
  const clock = new HandClock();
  const meters = new CallMeters(clock);
  const meter = meters.of("server", "s", "m");
  const begun = { clock, madeAt: clock.now() };
  for (const code of ["ok", "ok", "unavailable"]) {
    meter.begin();
    meter.end(code, begun);
  }
  meter.begin();
  expect(counts(meters)).toEqual([
    ["ok", 2],
    ["unavailable", 1],
  ]);
  expect(meter.pending).toBe(1);
  expect(meters.of("server", "s", "m")).toBe(meter);
});

it("times every sixteenth of a procedure that is called very often, and counts it for all", () => {
  const clock = new HandClock();
  const meters = new CallMeters(clock);
  const meter = meters.of("server", "s", "m");
  let looks = 0;
  const counting = { now: () => (looks++, clock.now()) } as unknown as HandClock;
  for (let call = 0; call < 17_000; call++) {
    meter.begin();
    meter.end("ok", { clock: counting, madeAt: clock.now() });
  }
  expect(counts(meters)).toEqual([["ok", 17_000]]);
  expect(looks).toBe(1_000 + 16_000 / 16);
});

it("takes a refusal for an answer and a fault for an error, and at the edge a status of the server's", () => {
  const clock = new HandClock();
  const meters = new CallMeters(clock);
  const begun = { clock, madeAt: clock.now() };
  for (const code of ["ok", "not_found", "failed_precondition", "internal"])
    meters.of("server", "s", "m").end(code, begun);
  for (const status of ["200", "404", "503"]) meters.of("edge", "/x", "GET").end(status, begun);
  const errorsOf = (kind: string) => meters.rates([...meters.all].filter((meter) => meter.kind === kind)).errors;
  expect(errorsOf("server")).toEqual({ internal: 1 });
  expect(errorsOf("edge")).toEqual({ "503": 1 });
});

it("forgets of the present what is older than ten seconds", () => {
  const clock = new HandClock();
  const meters = new CallMeters(clock);
  const meter = meters.of("server", "s", "m");
  meter.end("ok", { clock, madeAt: clock.now() });
  clock.advance(1_000);
  expect(meters.rates([meter]).perSecond).toBeCloseTo(1);
  clock.advance(10_000);
  expect(meters.rates([meter])).toMatchObject({ perSecond: 0, p99Ms: null });
  meters.close();
});

it("tells what those outside were answered: at the edge where there is one, else calls", () => {
  const clock = new HandClock();
  const meters = new CallMeters(clock);
  const begun = { clock, madeAt: clock.now() };
  clock.advance(100);
  expect(meters.answered()).toMatchObject({ calls: 0, failed: 0 });
  for (const code of ["ok", "not_found", "internal"]) meters.of("server", "s", "m").end(code, begun);
  meters.of("client", "other", "m").end("unavailable", begun);
  const { calls, failed, latencies } = meters.answered();
  expect({ calls, failed }).toEqual({ calls: 3, failed: 1 });
  expect(Math.abs(quantileMs({ counts: latencies, count: calls }, 0.95)! - 100)).toBeLessThan(100 / 8);
  for (const status of ["200", "404", "503", "504"]) meters.of("edge", "/x", "GET").end(status, begun);
  expect(meters.answered()).toMatchObject({ calls: 4, failed: 2 });
  meters.close();
});
