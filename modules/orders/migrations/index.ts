import { orders } from "./0001-orders.js";

export const migrations = [orders];
