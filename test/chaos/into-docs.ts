import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../scenarios/layouts.js";

/** Puts a table and a line about the run into docs/reliability.md, at the place that belongs to the command. */
export function writeIntoDocs(
  command: string,
  { headings, rows }: { readonly headings: readonly string[]; readonly rows: readonly (readonly string[])[] },
  about: string,
): void {
  const file = join(projectFolder, "docs/reliability.md");
  const [begin, end] = [`<!-- written by ${command} -->`, "<!-- end -->"];
  const text = readFileSync(file, "utf8");
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`${file} has no place for the table between "${begin}" and "${end}"`);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const isNumber = (index: number) => rows.every((row) => /^[\d.-]/.test(row[index]!));
  const rule = headings.map((_, index) => (isNumber(index) ? "---:" : "---"));
  const written = [headings, rule, ...rows].map(line).join("\n");
  writeFileSync(file, `${text.slice(0, from)}${begin}\n\n${written}\n\n${about}\n\n${text.slice(to)}`);
}
