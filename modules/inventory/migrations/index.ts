import { stock } from "./0001-stock.js";

export const migrations = [stock];
