/** What a violation can be called; each name has its planting. */
export const ruleNames = [
  "computed-import",
  "core-imports",
  "file-length",
  "file-names",
  "foreign-database",
  "import-cycle",
  "module-files",
  "module-imports",
  "module-internals",
  "module-state",
  "package-owner",
  "placement",
  "rows",
  "shop-words",
  "sql-outside-repository",
  "transport-files",
  "transport-imports",
] as const;

export type RuleName = (typeof ruleNames)[number];
