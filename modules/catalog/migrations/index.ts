import { products } from "./0001-products.js";

export const migrations = [products];
