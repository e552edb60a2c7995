import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkArchitecture, checkTree, lineOf } from "./check-architecture.js";
import { minimalTree, writeTree } from "./minimal-tree.js";
import { addedModule, type Planting, plantings } from "./plantings.js";
import { ruleNames } from "./rule-names.js";
import { treeOf, type Violation } from "./tree.js";

it("finds no crossed boundary in this project", () => {
  expect(checkArchitecture(fileURLToPath(new URL("../../", import.meta.url))).map(lineOf)).toEqual([]);
});

/** Exactly what was planted is reported, each with a line and a mend. */
function expectFound(violations: readonly Violation[], { found }: Planting): void {
  const seen = violations.map(({ file, line, rule }) => {
    const exact = `${file}:${line}: ${rule}`;
    return found.includes(exact) ? exact : `${file}: ${rule}`;
  });
  expect(seen.toSorted(), violations.map(lineOf).join("\n")).toEqual(found.toSorted());
  for (const { line, mend } of violations) {
    expect(line).toBeGreaterThan(0);
    expect(mend).not.toBe("");
  }
}

describe("a planted violation", () => {
  it("is nowhere in the minimal project", () => {
    expect(checkTree(treeOf(minimalTree)).map(lineOf)).toEqual([]);
  });

  it.each(plantings)("is found by its rule and by no other: $what", (planting) => {
    expectFound(checkTree(treeOf({ ...minimalTree, ...planting.files })), planting);
  });

  it("is there for every rule that there is", () => {
    const planted = new Set(plantings.flatMap(({ found }) => found.map((line) => line.split(": ").at(-1))));
    expect(planted).toEqual(new Set(ruleNames));
  });
});

describe("on disk", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "architecture-"));
    writeTree(root, minimalTree);
    // Not the project's own: nobody looks there.
    writeTree(root, { "modules/orders/node_modules/other/utils.ts": "export let state = 1;" });
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("a module that was added later and keeps the rules is nothing to report", () => {
    writeTree(root, addedModule.files);
    expect(checkArchitecture(root).map(lineOf)).toEqual([]);
  });

  it.each(plantings.slice(-2))("is found without being on any list: $what", (planting) => {
    writeTree(root, planting.files);
    expectFound(checkArchitecture(root), planting);
  });
});
