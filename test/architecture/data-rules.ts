import { isDataFile } from "./module-rules.js";
import type { SourceFile } from "./source-file.js";
import { isTest, ownerOf, type Rule, type Tree, violation, type Violation } from "./tree.js";

const builderCalls =
  /\.(?:selectFrom|insertInto|replaceInto|updateTable|deleteFrom|mergeInto|createTable|alterTable|dropTable|createIndex|withRecursive)\s*(?:<[^()]*>)?\(/g;
const tag = /(?<![\w$.])sql\s*(?:<[^`;]*>)?\s*(?=`|\.\w+\()/g;
const statement =
  /\b(?:select\s+(?:\*|[\w."()]+(?:\s*,\s*[\w."()]+)*)\s+from\s+\w|insert\s+(?:or\s+\w+\s+)?into\s+\w|update\s+\w+\s+set\s+\w|delete\s+from\s+\w|(?:create|drop|alter)\s+(?:table|index|view|trigger)\b|pragma\s+\w+|attach\s+(?:database\s+)?')/i;

export const sqlOutsideRepository: Rule = function* (tree) {
  for (const file of tree.files.values()) {
    if (ownerOf(file.path, "modules") === undefined || isDataFile(file.path) || isTest(file.path)) continue;
    const refuse = (offset: number, found: string) =>
      violation(file, offset, "sql-outside-repository", found, "move the query to the module's repository");
    for (const match of file.code.matchAll(builderCalls)) yield refuse(match.index, `the query ${match[0]}…)`);
    for (const match of file.code.matchAll(tag)) yield refuse(match.index, "a query written with sql`…`");
    for (const { value, offset } of file.literals) {
      const match = statement.exec(value);
      if (match !== null) yield refuse(offset + match.index, `SQL text: ${match[0]}…`);
    }
    for (const { specifier, clause, offset } of file.imports) {
      if (specifier === tree.packageName && /\bDatabase\b/.test(clause)) yield refuse(offset, "Database is imported");
    }
  }
};

/** Calls whose first argument names a table, and the words of SQL before one. */
const tableCalls =
  /\.(?:selectFrom|insertInto|replaceInto|updateTable|deleteFrom|mergeInto|alterTable|dropTable|references|(?:inner|left|right|full|cross)?[jJ]oin|table|on)\s*(?:<[^()]*>)?\(\s*\[?\s*["'`]/g;
const tableWords = /\b(?:from|join|into|update|references|table)\s+["`[]?(\w+)/gi;

function* namedTables(file: SourceFile): Generator<{ table: string; offset: number }> {
  const literals = new Map(file.literals.map((literal) => [literal.offset, literal.value]));
  for (const match of file.code.matchAll(tableCalls)) {
    const offset = match.index + match[0].length;
    // "orders as o", "orders.id"
    const [table = ""] = (literals.get(offset) ?? "").split(/[\s.]/);
    yield { table, offset };
  }
  for (const { value, offset } of file.literals) {
    for (const match of value.matchAll(tableWords)) yield { table: match[1]!, offset: offset + match.index };
  }
}

export const foreignTables: Rule = function* (tree) {
  for (const file of tree.files.values()) {
    const own = ownerOf(file.path, "modules");
    if (own === undefined || isTest(file.path)) continue;
    for (const { value, offset } of file.literals) {
      if (/\.(?:db|sqlite3?)(?:["'?]|$)/.test(value)) {
        yield foreign(file, offset, `the database file "${value}"`, "only the framework opens a module's file");
      }
    }
    if (!isDataFile(file.path)) continue;
    const reported = new Set<string>();
    for (const { table, offset } of namedTables(file)) {
      const owner = ownerOfTable(tree, own, table);
      if (owner === undefined || reported.has(table)) continue;
      reported.add(table);
      yield foreign(file, offset, `the table ${table} of ${owner}`, `ask ${owner} through a client of its contract`);
    }
  }
};

const foreign = (file: SourceFile, offset: number, found: string, mend: string): Violation =>
  violation(file, offset, "foreign-database", found, mend);

/** Who else has a table of this name; undefined where the module has one itself, or nobody has. */
function ownerOfTable(tree: Tree, own: string, table: string): string | undefined {
  if (tree.tables.get(own)?.has(table) === true) return undefined;
  if (tree.frameworkTables.has(table)) return "the framework";
  return [...tree.tables].find(([, tables]) => tables.has(table))?.[0];
}
