import { describe, expect, it } from "vitest";
import { equationOf } from "../../src/core/audit.js";
import { DefinitionError } from "../../src/core/contract.js";

describe("an audit's equation", () => {
  it("holds at every instant where it names figures of its own module alone", () => {
    expect(equationOf("shelves", "supplied = available + sold")).toEqual({
      module: "shelves",
      text: "supplied = available + sold",
      left: [{ module: "shelves", figure: "supplied" }],
      right: [
        { module: "shelves", figure: "available" },
        { module: "shelves", figure: "sold" },
      ],
      atRest: false,
    });
  });

  it("holds at rest where it names a neighbour's", () => {
    const { right, atRest } = equationOf("sales", "sold = gift-shelves.soldPieces");
    expect({ right, atRest }).toEqual({ right: [{ module: "gift-shelves", figure: "soldPieces" }], atRest: true });
  });

  it.each(["sold", "a = b = c", "a = ", "a = b - c", "a = 3", "A = b", "a.b.c = d"])("is not %s", (text) => {
    expect(() => equationOf("shelves", text)).toThrow(DefinitionError);
    expect(() => equationOf("shelves", text)).toThrow(`module shelves: audit: "${text}"`);
  });
});
