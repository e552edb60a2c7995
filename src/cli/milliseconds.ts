import { InvalidArgumentError } from "commander";

/** A length of time on a command line. */
export function milliseconds(text: string): number {
  if (!/^[1-9]\d{0,7}$/.test(text)) throw new InvalidArgumentError("Give a whole number of milliseconds above 0.");
  return Number(text);
}
