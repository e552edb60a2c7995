import { ByNumber } from "pangaea";
import { assert, property, array, boolean, integer, record } from "fast-check";
import { expect, it } from "vitest";

it("does what a Map does, for numbers that rise, however many stay and for how long", () => {
  const step = record({ adds: integer({ min: 0, max: 300 }), removes: array(integer({ min: 0 })), clears: boolean() });
  assert(
    property(array(step, { maxLength: 30 }), (steps) => {
      const [things, model] = [new ByNumber<string>(), new Map<number, string>()];
      let last = 0;
      for (const [index, { adds, removes, clears }] of steps.entries()) {
        for (let n = 0; n < adds; n++) {
          things.set(++last, `thing ${last}`);
          model.set(last, `thing ${last}`);
        }
        for (const remove of removes) {
          const number = remove % (last + 2);
          expect(things.delete(number)).toBe(model.delete(number));
          expect(things.get(number)).toBeUndefined();
        }
        if (clears && index % 10 === 9) {
          things.clear();
          model.clear();
        }
        expect(things.size).toBe(model.size);
      }
      expect(things.entries()).toEqual([...model]);
      for (const [number, thing] of model) expect([things.has(number), things.get(number)]).toEqual([true, thing]);
    }),
  );
});

it("keeps what stays while thousands come and go", () => {
  const things = new ByNumber<string>();
  things.set(0, "stays");
  for (let number = 1; number < 20_000; number++) {
    things.set(number, "goes");
    expect(things.delete(number)).toBe(true);
  }
  expect([things.size, things.get(0), things.get(4_096)]).toEqual([1, "stays", undefined]);
  expect([things.delete(0), things.delete(0), things.size]).toEqual([true, false, 0]);
});

it("keeps more than it has places for", () => {
  const things = new ByNumber<number>();
  for (let number = 0; number < 10_000; number++) things.set(number, -number);
  expect(things.size).toBe(10_000);
  expect(things.entries().every(([number, thing], index) => number === index && thing === -index)).toBe(true);
  for (let number = 0; number < 10_000; number++) expect(things.delete(number)).toBe(true);
  expect(things.entries()).toEqual([]);
});
