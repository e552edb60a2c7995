/** Ends the program with a line that names the option, where what it was given is of no use. */
function refuse(option: string, text: string, why: string): never {
  process.stderr.write(`--${option}: "${text}" ${why}\n`);
  process.exit(2);
}

/** A count that a command line gives; ends the program where it is none. */
export function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) refuse(option, text, "is no whole number above 0");
  return Number(text);
}

/** Those of `names` that a command line chose; ends the program at the first that is none of them. */
export function chosen<Name extends string>(option: string, texts: readonly string[], names: readonly Name[]): Name[] {
  const stray = texts.find((text) => !names.includes(text as Name));
  if (stray !== undefined) refuse(option, stray, `is none of ${names.join(", ")}`);
  return names.filter((name) => texts.includes(name));
}

/** Says whether a name contains one of `texts`; ends the program at the first that is part of no name. */
export function containing(
  option: string,
  texts: readonly string[],
  names: readonly string[],
): (name: string) => boolean {
  const stray = texts.find((text) => !names.some((name) => name.includes(text)));
  if (stray !== undefined) refuse(option, stray, `is part of no name: ${[...new Set(names)].join(", ")}`);
  return (name) => texts.some((text) => name.includes(text));
}
