/** Columns for a terminal: a heading, a rule, a line per row. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) => Math.max(heading.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd();
  // The last column may hold sentences, which a terminal breaks; a rule should not be broken.
  const rule = widths.map((width, column) => "-".repeat(column === widths.length - 1 ? Math.min(width, 40) : width));
  return [line(headings), rule.join("  "), ...rows.map(line)].join("\n");
}

/** A number with its noun: `1 process`, `3 modules`. */
export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number} ${number === 1 ? one : many}`;

/** A value for other programs: indented where a person reads, one line where a pipe does. */
export const jsonText = (value: unknown): string =>
  `${JSON.stringify(value, null, process.stdout.isTTY ? 2 : undefined)}\n`;
