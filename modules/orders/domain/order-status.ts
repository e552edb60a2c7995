import type { OrderStatus } from "../contract.js";

const next: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  pending: ["confirmed", "rejected"],
  confirmed: ["cancelled"],
  rejected: [],
  cancelled: [],
};

/** Whether an order may go from one status straight to another. */
export const canBecome = (from: OrderStatus, to: OrderStatus): boolean => next[from].includes(to);
