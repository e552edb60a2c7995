import { systemIds } from "pangaea";
import { expect, it } from "vitest";

it("random hex is as long as it is asked to be, and every digit of it varies", () => {
  for (const bytes of [1, 4, 8, 16, 33, 4_097]) {
    const many = Array.from({ length: 200 }, () => systemIds.hex(bytes));
    for (const each of many) expect(each).toMatch(new RegExp(`^[0-9a-f]{${2 * bytes}}$`));
    for (let place = 0; place < 2 * bytes; place++) {
      const digits = new Set(many.map((each) => each[place]));
      // 200 draws miss one digit of sixteen rarely, and five of them never.
      expect(digits.size, `digit ${place} of ${bytes} bytes`).toBeGreaterThan(11);
    }
  }
});
