/** A structured line as a person reads it: time, level, message, and the fields that are left. */
export function asText(line: string): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { level, time, msg, error, cause, process: _process, module, ...fields } = entry;
  const stamp = String(time).slice(11, 23);
  const from = module === undefined ? "" : `${module as string}: `;
  const rest = Object.entries(fields).map(
    ([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const stacks = [error, cause].map(stackOf).filter((stack) => stack !== undefined);
  return [`${stamp} ${String(level).padEnd(5)} ${from}${String(msg)}${rest.join("")}`, ...stacks].join("\n");
}

function stackOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { stack, message, code } = error as { stack?: string; message?: string; code?: string };
  const text = stack ?? message ?? JSON.stringify(error);
  return `    ${(code === undefined ? text : `(${code}) ${text}`).replaceAll("\n", "\n    ")}`;
}
