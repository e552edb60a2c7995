/** A count that a command line gives; ends the program with a line that names the option where it is none. */
export function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    process.stderr.write(`--${option}: "${text}" is no whole number above 0\n`);
    process.exit(2);
  }
  return Number(text);
}
