/** What the card processor says, and how long it takes to say it, in milliseconds. */
export type Verdict =
  | { readonly approved: true; readonly delayMs: number }
  | { readonly approved: false; readonly delayMs: number; readonly message: string };

/**
 * A card processor that is simulated: the token alone decides. `tok_ok` is approved, `tok_slow` too but after three
 * seconds, `tok_declined` and every token it does not know are declined.
 */
export function verdictOf(token: string): Verdict {
  switch (token) {
    case "tok_ok":
      return { approved: true, delayMs: 0 };
    case "tok_slow":
      return { approved: true, delayMs: 3_000 };
    case "tok_declined":
      return { approved: false, delayMs: 0, message: "The card was declined." };
    default:
      return {
        approved: false,
        delayMs: 0,
        message: "The card was declined: the processor does not know this token (try tok_ok).",
      };
  }
}
