/** Thrown where the command line itself is wrong: the message says what is there instead. Ends with exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}
