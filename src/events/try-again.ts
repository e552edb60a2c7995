import { isError } from "../core/error.js";

export const maxBackoffMs = 5_000;
/** A subscriber that is away is asked again so soon. */
export const maxAwayMs = 1_000;

/** How long to wait after so many failures in a row, in milliseconds: twice as long each time, at most `max`. */
export const backoffMs = (failures: number, max: number): number => Math.min(25 * 2 ** failures, max);

/** Whether nobody was there to take the event: nothing was tried, so nothing speaks against the event itself. */
export const isAway = (error: unknown): boolean =>
  isError(error) && error.code === "unavailable" && (error.outcome === "not-sent" || error.outcome === "not-executed");
