import { foreignTables, sqlOutsideRepository } from "./data-rules.js";
import { fileLength, fileNames, importCycles, mutableState } from "./file-rules.js";
import { moduleFiles, moduleImports, noShopWords, placement } from "./module-rules.js";
import {
  computedImports,
  coreImports,
  packageOwners,
  rowOrder,
  transportFiles,
  transportImports,
} from "./src-rules.js";
import { readTree, type Rule, type Tree, type Violation } from "./tree.js";

const rules: readonly Rule[] = [
  coreImports,
  rowOrder,
  packageOwners,
  computedImports,
  transportImports,
  transportFiles,
  moduleImports,
  moduleFiles,
  placement,
  noShopWords,
  sqlOutsideRepository,
  foreignTables,
  fileNames,
  fileLength,
  mutableState,
  importCycles,
];

/** Everything in the project under `root` that crosses a boundary. Looks at what lies on disk, never at a list. */
export const checkArchitecture = (root: string): Violation[] => checkTree(readTree(root));

/** The same for a tree that may lie in memory. */
export const checkTree = (tree: Tree): Violation[] => rules.flatMap((rule) => [...rule(tree)]);

/** `modules/orders/orders-service.ts:12: module-internals: …; mend` */
export const lineOf = ({ file, line, rule, found, mend }: Violation): string =>
  `${file}:${line}: ${rule}: ${found}; ${mend}`;
