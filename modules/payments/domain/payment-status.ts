/**
 * What is kept of an order. `voided` is a refund that came before any charge: an undo may overtake the step it undoes,
 * and the late charge must then be refused.
 */
export type PaymentStatus = "captured" | "refunded" | "voided";

/** What a refund makes of it. Undefined stands for an order that was never charged. */
export const refunding = (status: PaymentStatus | undefined): "refunded" | "voided" =>
  status === undefined || status === "voided" ? "voided" : "refunded";
