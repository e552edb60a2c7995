import {
  type Call,
  Deadlines,
  defineContract,
  defineModule,
  DefinitionError,
  errorOf,
  fallback,
  idempotent,
  type MetricDefinition,
  read,
  rootContext,
  systemIds,
  validatorOf,
  wrap,
} from "pangaea";
import { expect, it } from "vitest";
import { z } from "zod";
import { ServiceLayers } from "../../src/runtime/service-layers.js";
import { HandClock } from "./hand-clock.js";

const empty = z.object({});
const neighbour = defineContract("neighbour", 1, {
  procedures: { get: read({ input: empty, output: empty }), put: idempotent({ input: empty, output: empty }) },
});
const own = defineContract("own", 1, { procedures: {} });
const get = fallback(neighbour, "get", () => ({}));

it("is for reads only: of anything else nobody knows whether it was done", () => {
  expect(() => fallback(neighbour, "put", () => ({}))).toThrow(DefinitionError);
  expect(() => fallback(neighbour, "put", () => ({}))).toThrow("neighbour.put: it must be a read, and is idempotent");
  expect(() => fallback(neighbour, "gone" as "get", () => ({}))).toThrow("is not there");
});

it("is for what the module requires, one for each procedure", () => {
  const define = (requires: (typeof neighbour)[], fallbacks: (typeof get)[]) =>
    defineModule({
      contract: own,
      service: class Own {
        readonly name = "own";
      },
      requires,
      fallbacks,
    });
  expect(define([neighbour], [get]).fallbacks).toEqual([get]);
  expect(() => define([], [get])).toThrow("module own: fallbacks: neighbour is not among what it requires");
  expect(() => define([neighbour], [get, get])).toThrow("module own: fallbacks: neighbour.get has two; leave one");
});

it("is counted as often as it is used, for each procedure", async () => {
  const clock = new HandClock();
  const read = new Map<string, () => readonly object[]>();
  const metrics = {
    observe({ name }: MetricDefinition, rows: () => readonly object[]) {
      read.set(name, rows);
      return () => {};
    },
  };
  const layers = new ServiceLayers({
    clock,
    ids: systemIds,
    deadlines: new Deadlines(clock),
    metrics: metrics as never,
  });
  const rows = () => read.get("pangaea_fallbacks_total")!();
  expect(rows()).toEqual([]);
  let code: "unavailable" | "not_found" = "unavailable";
  const send = wrap([layers.ofFallback(get, validatorOf(empty))], () => Promise.reject(errorOf(code, "")));
  const call = { service: "neighbour", method: "get", caller: "own", input: {}, context: rootContext(clock, 1_000) };
  for (let n = 0; n < 3; n++) expect(await send(call as unknown as Call)).toEqual({ output: {} });
  code = "not_found";
  await expect(send(call as unknown as Call)).rejects.toMatchObject({ code });
  expect(rows()).toEqual([{ labels: { service: "neighbour", method: "get" }, value: 3 }]);
});
