import type { Reservation } from "../contract.js";

/** Undefined where the order is not known yet. */
type State = Reservation["state"] | undefined;

/** What giving back makes of a reservation, and whether its items go back on the shelf. */
export interface GivingBack {
  readonly state: Reservation["state"];
  readonly returnsItems: boolean;
}

/**
 * Takes back a reservation or a sale. An order that is not known is released all the same: an undo may overtake the
 * step it undoes, and the late step must then find the door closed.
 */
export const restocking = (state: State): GivingBack => ({
  state: "released",
  returnsItems: state === "reserved" || state === "sold",
});

/** Takes back a reservation; harmless for what is sold. */
export const releasing = (state: State): GivingBack =>
  state === "sold" ? { state, returnsItems: false } : restocking(state);
