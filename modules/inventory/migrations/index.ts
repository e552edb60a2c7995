import { stock } from "./0001-stock.js";
import { supplied } from "./0002-supplied.js";

export const migrations = [stock, supplied];
