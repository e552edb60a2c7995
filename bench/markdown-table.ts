const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** A table in Markdown; every column but the first is aligned to the right. */
export const table = (headings: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(headings), row(headings.map((_, index) => (index === 0 ? "---" : "---:"))), ...rows.map(row)].join("\n");
